import type { TaskTable } from '../../src/workers/task.ts';

export declare const tasks: TaskTable;
