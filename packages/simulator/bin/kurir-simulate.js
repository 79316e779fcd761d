#!/usr/bin/env node
// npm links commands before the packages are compiled, and leaves out those whose file is not there yet.
import '../dist/cli.js'
