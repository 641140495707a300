export { drainCommand } from './drain.ts';
export { releaseCommand } from './release.ts';
export { reloadCommand } from './reload.ts';
export { revokeCommand } from './revoke.ts';
export { statusCommand } from './status.ts';
export { switchCommand } from './switch.ts';
