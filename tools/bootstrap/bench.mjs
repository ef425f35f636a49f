// `npm run bench`: ourselves beside what people would use instead.
import { runProgram } from './program.mjs';

await runProgram('bench', 'compare');
