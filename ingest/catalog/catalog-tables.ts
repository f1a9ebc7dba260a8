// The tables of the catalog. `formatVersion` stands in SQLite's user_version; a later release adds its steps to `upgrades`.

export const formatVersion = 5

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
  -- What people entered about runs, markers and rigs: the events themselves, each once by its sender and id. \`of_run\`: the run it
  -- counts for, empty if none; \`of_thing\`: the marker (with whose it is) or the entry of a rig's history that it is a version of;
  -- \`unnamed\`: a stop of whichever run was open.
  CREATE TABLE run_events (
    rig TEXT NOT NULL, id TEXT NOT NULL, spool TEXT NOT NULL, seq INTEGER NOT NULL, received_ns INTEGER NOT NULL,
    t_ns INTEGER NOT NULL, type TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL, facts TEXT NOT NULL,
    of_run TEXT NOT NULL, of_thing TEXT NOT NULL, unnamed INTEGER NOT NULL, PRIMARY KEY (rig, id)
  );
  CREATE INDEX run_events_by_run ON run_events (of_run, rig, received_ns) WHERE type <> 'marker';
  CREATE INDEX run_events_by_thing ON run_events (of_thing, received_ns) WHERE of_thing <> '';
  CREATE INDEX run_events_unnamed ON run_events (rig, t_ns) WHERE unnamed = 1;
  -- Which rigs a start names, to find what a stop without a name stops.
  CREATE TABLE run_starts (rig TEXT NOT NULL, t_ns INTEGER NOT NULL, run TEXT NOT NULL, PRIMARY KEY (rig, t_ns, run)) WITHOUT ROWID;
  -- Folded from the events, to find them by: a row a run, a row a run and rig and part, a row a marker, a row an entry of a rig's
  -- history. to_ns null: not stopped yet; a point in time. \`unfrozen\`: rigs whose facts are not frozen yet.
  CREATE TABLE runs (
    run TEXT PRIMARY KEY, version INTEGER NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER, withdrawn INTEGER NOT NULL,
    unfrozen INTEGER NOT NULL, tags TEXT NOT NULL
  );
  CREATE INDEX runs_by_time ON runs (from_ns, run);
  CREATE INDEX runs_unfrozen ON runs (run) WHERE unfrozen > 0;
  CREATE TABLE run_rigs (run TEXT NOT NULL, rig TEXT NOT NULL, from_ns INTEGER NOT NULL, to_ns INTEGER, PRIMARY KEY (run, rig, from_ns));
  CREATE INDEX run_rigs_by_rig ON run_rigs (rig, from_ns);
  CREATE TABLE markers (
    thing TEXT PRIMARY KEY, marker TEXT NOT NULL, run TEXT NOT NULL, from_ns INTEGER NOT NULL, all_rigs INTEGER NOT NULL
  );
  CREATE INDEX markers_by_name ON markers (marker);
  CREATE INDEX markers_by_run ON markers (run, from_ns, thing);
  CREATE INDEX markers_of_all ON markers (from_ns, thing) WHERE all_rigs = 1;
  CREATE TABLE marker_rigs (
    rig TEXT NOT NULL, run TEXT NOT NULL, from_ns INTEGER NOT NULL, thing TEXT NOT NULL, PRIMARY KEY (thing, rig)
  );
  CREATE INDEX marker_rigs_by_time ON marker_rigs (rig, from_ns, thing);
  CREATE INDEX marker_rigs_by_run ON marker_rigs (rig, run, from_ns, thing);
  CREATE TABLE rig_entries (thing TEXT PRIMARY KEY, rig TEXT NOT NULL, from_ns INTEGER NOT NULL);
  CREATE INDEX rig_entries_by_rig ON rig_entries (rig, from_ns);
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
    deleted_ms INTEGER,
    -- Its rowid in lake_files, which no other file gets: what was added since is told by it.
    file_row INTEGER NOT NULL
  );
  CREATE INDEX lake_removed_by_row ON lake_removed (file_row);
  CREATE INDEX lake_removed_on_disk ON lake_removed (removed_ms) WHERE deleted_ms IS NULL;
  -- Segments sort by when they came: the oldest files go first.
  CREATE INDEX lake_files_by_segment ON lake_files (segment, path) WHERE substr(table_name, 1, 1) <> '_';
  -- For whoever asks for a time: of fifty thousand files those that have it are found in a millisecond.
  CREATE INDEX lake_files_by_time ON lake_files (table_name, CAST(max_time_ns AS INTEGER), CAST(min_time_ns AS INTEGER));
  `,
  `
  -- Which numbers lie in which segment of the journal, until it is known that the lake has each of them.
  CREATE TABLE journal_numbers (
    segment TEXT NOT NULL, rig TEXT NOT NULL, spool TEXT NOT NULL, ranges TEXT NOT NULL, PRIMARY KEY (segment, rig, spool)
  );
  -- Numbers that were receipted and are nowhere any more, until they come again or a Gap says so.
  CREATE TABLE lost_numbers (
    rig TEXT NOT NULL, spool TEXT NOT NULL, segment TEXT NOT NULL, ranges TEXT NOT NULL, found_ms INTEGER NOT NULL,
    PRIMARY KEY (rig, spool, segment)
  );
  -- Parts of the journal that were dropped before a sink had taken them: see owed-table.ts.
  CREATE TABLE owed (
    sink TEXT NOT NULL, from_segment TEXT NOT NULL, from_at INTEGER NOT NULL, to_segment TEXT NOT NULL, to_at INTEGER NOT NULL,
    file_row INTEGER NOT NULL, PRIMARY KEY (sink, from_segment, from_at)
  );
  `,
  `
  -- Of the numbers that a Gap declares gone, those that never came, and of these what ingest itself declared.
  ALTER TABLE spools ADD COLUMN may_come TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE spools ADD COLUMN unreceipted TEXT NOT NULL DEFAULT '[]';
  -- How far a spool reaches, as its agent has listed it, while not all of that is here.
  CREATE TABLE spool_ends (rig TEXT NOT NULL, spool TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (rig, spool));
  -- A spool that a rig with earlier ones has begun, stream by stream: where the stream stood, and its first row in that spool.
  CREATE TABLE begun_anew (
    rig TEXT NOT NULL, spool TEXT NOT NULL, stream TEXT NOT NULL, last_ns INTEGER NOT NULL, last_received_ns INTEGER NOT NULL,
    begun_ns INTEGER NOT NULL, first_seq INTEGER, first_ns INTEGER, first_received_ns INTEGER, PRIMARY KEY (rig, spool, stream)
  );
  `,
  `
  -- Files of the lake that a sink is owed and that could not be read: see owed-table.ts.
  CREATE TABLE owed_files (sink TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (sink, path));
  `,
]
