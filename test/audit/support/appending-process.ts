import { AuditStore } from '../../../src/audit/index.ts';
import { newRecord } from '../../../src/audit/records.ts';
import { systemRandom } from '../../../src/base/index.ts';

/** Appends records one by one, as one of several processes that do. */
const [place = '', count = ''] = process.argv.slice(2);
const store = new AuditStore(JSON.parse(place), systemRandom);
for (let number = 0; number < Number(count); number++)
  store.append([newRecord('gap', Date.now(), { number })], Date.now());
store.close();
