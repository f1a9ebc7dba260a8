// The tables of the catalog. `formatVersion` stands in SQLite's user_version; a later release adds its steps to `upgrades`.

export const formatVersion = 3

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
  // Times in ns are integers here; they are read as text (CAST), because SQLite's integers come back as doubles.
  `
  -- What people entered about runs, markers and rigs: the events themselves, each once by its id. \`of_run\` and \`marker\` as the
  -- event names them, empty if it doesn't; \`about_rigs\` is JSON.
  CREATE TABLE run_events (
    id TEXT PRIMARY KEY, rig TEXT NOT NULL, spool TEXT NOT NULL, seq INTEGER NOT NULL, received_ns INTEGER NOT NULL,
    t_ns INTEGER NOT NULL, type TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL, facts TEXT NOT NULL,
    of_run TEXT NOT NULL, marker TEXT NOT NULL, about_rigs TEXT NOT NULL
  );
  CREATE INDEX run_events_by_run ON run_events (of_run, received_ns);
  CREATE INDEX run_events_by_rig ON run_events (rig, t_ns);
  CREATE INDEX run_events_by_marker ON run_events (marker);
  -- Folded from the events: a row a run, and a row a run and rig. to_ns null: not stopped yet.
  CREATE TABLE runs (
    run TEXT PRIMARY KEY, version INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER, withdrawn INTEGER NOT NULL,
    folded TEXT NOT NULL
  );
  CREATE INDEX runs_by_time ON runs (from_ns);
  CREATE TABLE run_rigs (run TEXT NOT NULL, rig TEXT NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER, PRIMARY KEY (run, rig, from_ns));
  CREATE INDEX run_rigs_by_rig ON run_rigs (rig, from_ns);
  -- The last report on a run, and what it was made from: it is made again when that changes.
  CREATE TABLE run_reports (run TEXT PRIMARY KEY, made_from TEXT NOT NULL, made_ms INTEGER NOT NULL, report TEXT NOT NULL);
  -- The newest row of each stream, and what was last known of a rig (JSON), so that a rig's state outlives a restart of ingest.
  CREATE TABLE last_rows (
    rig TEXT NOT NULL, stream TEXT NOT NULL, schema_hash TEXT NOT NULL, era INTEGER NOT NULL, t_ns INTEGER NOT NULL,
    received_ns INTEGER NOT NULL, stale_after_ms REAL NOT NULL, PRIMARY KEY (rig, stream)
  );
  ALTER TABLE rigs ADD COLUMN facts TEXT NOT NULL DEFAULT '';
  -- Files of the lake that retention has removed: what of the journal was in them.
  CREATE TABLE lake_removed (
    path TEXT PRIMARY KEY, table_name TEXT NOT NULL, segment TEXT NOT NULL, from_offset INTEGER NOT NULL,
    to_offset INTEGER NOT NULL, rows INTEGER NOT NULL, min_time_ns TEXT NOT NULL, max_time_ns TEXT NOT NULL,
    bytes INTEGER NOT NULL, rigs TEXT NOT NULL, removed_ms INTEGER NOT NULL, reason TEXT NOT NULL,
    -- When it was deleted from the disk: a while later, because queries may be reading it.
    deleted_ms INTEGER
  );
  CREATE INDEX lake_removed_on_disk ON lake_removed (removed_ms) WHERE deleted_ms IS NULL;
  -- Segments sort by when they came: the oldest files go first.
  CREATE INDEX lake_files_by_segment ON lake_files (segment, path) WHERE substr(table_name, 1, 1) <> '_';
  `,
  // For whoever asks for a time: of fifty thousand files those that have it are found in a millisecond.
  `
  CREATE INDEX lake_files_by_time ON lake_files (table_name, CAST(max_time_ns AS INTEGER), CAST(min_time_ns AS INTEGER));
  `,
]
