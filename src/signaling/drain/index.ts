export {
  type Drain,
  type DrainOutcome,
  type DrainPhase,
  type DrainPlan,
  type Movable,
  type MovedKind,
  PacedDrain,
} from './drain.ts';
export { Moving } from './moving.ts';
