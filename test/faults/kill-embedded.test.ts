import { describe } from '@jest/globals';
import { killAndStart, survives } from '../support/survives.js';

describe('kill -9 of the service on the embedded store', () => {
  survives('embedded', killAndStart);
});
