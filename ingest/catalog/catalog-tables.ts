// The tables of the catalog. `formatVersion` stands in SQLite's user_version; a later release adds its steps to `upgrades`.

export const formatVersion = 1

/** `upgrades[n]` takes a catalog from version n to n + 1. */
export const upgrades: readonly string[] = [
  `
  CREATE TABLE rigs (
    rig TEXT PRIMARY KEY, group_name TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,
    agent_version TEXT NOT NULL, online INTEGER NOT NULL
  );
  CREATE TABLE schemas (hash TEXT PRIMARY KEY, rig TEXT NOT NULL, bytes BLOB NOT NULL);
  CREATE INDEX schemas_by_rig ON schemas (rig);
  CREATE TABLE spools (
    rig TEXT NOT NULL, spool TEXT NOT NULL, predecessor TEXT NOT NULL, ranges TEXT NOT NULL, gone TEXT NOT NULL,
    PRIMARY KEY (rig, spool)
  );
  -- Where each reader of the journal stands: the sinks by name, and "ranges" for the number ranges.
  CREATE TABLE cursors (reader TEXT PRIMARY KEY, segment TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE parked (
    sink TEXT NOT NULL, segment TEXT NOT NULL, at INTEGER NOT NULL, schema_hash TEXT NOT NULL,
    parked_at_ms INTEGER NOT NULL, record BLOB NOT NULL, PRIMARY KEY (sink, segment, at)
  );
  CREATE TABLE lake_files (
    path TEXT PRIMARY KEY, table_name TEXT NOT NULL, segment TEXT NOT NULL, from_offset INTEGER NOT NULL,
    to_offset INTEGER NOT NULL, rows INTEGER NOT NULL, min_time_ns TEXT NOT NULL, max_time_ns TEXT NOT NULL,
    bytes INTEGER NOT NULL, rigs TEXT NOT NULL
  );
  CREATE INDEX lake_files_by_table ON lake_files (table_name, segment, from_offset);
  CREATE TABLE fields (measurement TEXT NOT NULL, field TEXT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (measurement, field));
  `,
]
