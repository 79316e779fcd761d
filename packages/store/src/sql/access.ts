import type { Sql, SqlDatabase, SqlTransaction } from './sql.js'

/** How the repositories reach the database: by themselves, or as a part of a transaction that is open. */
export interface SqlAccess {
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  write<T>(work: (sql: SqlTransaction) => Promise<T>): Promise<T>
}

/** Every write is a transaction of its own. */
export const separately = (database: SqlDatabase): SqlAccess => ({
  read: work => database.read(work),
  write: work => database.transaction(work),
})

/** Everything belongs to the transaction, and reads see what it has written. */
export const within = (sql: SqlTransaction): SqlAccess => ({
  read: work => work(sql),
  write: work => work(sql),
})
