/** What a report is about. */
import type { BudgetResult } from '../budget/budgets.ts';
import type { MapEvidence } from '../measure/evidence.ts';
import type { ExecutedBytes } from '../measure/executed.ts';
import type { Build, ModuleIndex } from '../model/build.ts';

/** A build and what is known beside its record. All but the first two are optional: the page shows what there is. */
export interface NamedBuild {
  readonly name: string;
  readonly build: Build;
  /** Absolute; module ids are relative to it. */
  readonly root?: string;
  /** Text of a module; null where it is not known. With it, findings look into the code and not only at the record. */
  readonly sources?: (module: ModuleIndex) => string | null;
  /** Of the outputs. With them and `root`, the page shows what of each source is left. */
  readonly maps?: readonly MapEvidence[];
  /** The build to compare with; it may come from `readBaseline`. */
  readonly baseline?: { readonly name: string; readonly build: Build };
  /** From `checkBudgets`. */
  readonly budgets?: readonly BudgetResult[];
  /** From `executedBytes`, in the order of time. */
  readonly coverage?: readonly ExecutedBytes[];
}
