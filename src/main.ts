import { endProcess } from './cli/end-process.js';
import { runService } from './cli/run-service.js';

endProcess(await runService());
