// `npm run demo`: the performance demo.
import { runProgram } from './program.mjs';

await runProgram('demo', 'perf-demo');
