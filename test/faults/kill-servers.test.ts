import { killAndStart, survives } from '../support/survives.js';
import { describeServers } from '../support/servers.js';

describeServers('kill -9 of the service on PostgreSQL and Redis', ['postgres', 'redis'], () => {
  survives('servers', killAndStart);
});
