export { type ILogger, silentLogger } from './logger.js'
