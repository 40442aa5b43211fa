import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Timers } from '../../src/simulator/timers.js';

const dayMilliseconds = 86_400_000;

describe('the timers of the simulator', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('wait 30 days, which is more than setTimeout can', () => {
    const run = jest.fn();
    new Timers().after(30 * dayMilliseconds, run);
    jest.advanceTimersByTime(30 * dayMilliseconds - 1);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('can be called off', () => {
    const run = jest.fn();
    new Timers().after(10, run)();
    jest.advanceTimersByTime(dayMilliseconds);
    expect(run).not.toHaveBeenCalled();
  });

  it('let go of who waits, and run nothing more, once closed', async () => {
    const timers = new Timers();
    const run = jest.fn();
    timers.after(10, run);
    const waiting = timers.wait(10);
    timers.close();
    await waiting;
    await timers.wait(10);
    timers.after(10, run);
    expect(jest.getTimerCount()).toBe(0);
    expect(run).not.toHaveBeenCalled();
  });
});
