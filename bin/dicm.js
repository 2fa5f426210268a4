#!/usr/bin/env node
import { main } from '../dist/src/cli/main.js';

// Not by letting the event loop run empty: Node gives signals back to the system before it ends that way.
process.exit(await main(process.argv.slice(2)));
