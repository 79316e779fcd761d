export { type DebouncedTimeout, debouncedTimeout } from './debounced-timeout.js'
export { delay, delayCancellable, promiseTimeout } from './delay.js'
export { type Clock, ExpiringMap, type ExpiringMapOptions } from './expiring-map.js'
export { TimeMs, unixTimestampSeconds } from './time-ms.js'
