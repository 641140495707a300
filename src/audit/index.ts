/** The record of what was done, for the admin API to write into. */
export interface AuditLog {
  /** An operator's act (or refused attempt), for the chain. Resolves once it is written durably. */
  operatorActed(act: {
    readonly action: string;
    readonly by: string;
    readonly target?: string;
    readonly outcome: 'done' | 'refused';
    readonly detail?: string;
  }): Promise<void>;
  /** Whether it can be written at present. */
  readonly writable: boolean;
}
