#!/usr/bin/env node
import { serve } from '../dist/cli/serve.js'

const code = await serve(process.env)
if (code !== undefined) process.exitCode = code
