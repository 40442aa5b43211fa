import { Injectable } from '@nestjs/common';

/** Something that is kept for a while only. */
export interface RetentionTask {
  name: string;
  /** Forgets what is over, at most `limit`. @returns how many; as many as `limit` means that there may be more */
  run(now: Date, limit: number): Promise<number>;
}

/** Where the features hand in what they forget with time; run by the job `retention`. */
@Injectable()
export class RetentionTasks {
  readonly all: RetentionTask[] = [];

  add(task: RetentionTask): void {
    this.all.push(task);
  }
}
