-- A small state of a release whose schema was 0003: see tests/reliability/test_upgrade.py.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE "attachments" (
	session_id VARCHAR(80) NOT NULL, 
	file_id VARCHAR(80) NOT NULL, 
	filename TEXT NOT NULL, 
	unpacked BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_attachments PRIMARY KEY (session_id, file_id), 
	CONSTRAINT uq_attachments_session_id_filename UNIQUE (session_id, filename), 
	CONSTRAINT fk_attachments_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);
INSERT INTO "attachments" VALUES('sess_alive','file-old','old.txt',0);
CREATE TABLE events (
	execution_id VARCHAR(80) NOT NULL, 
	sequence BIGINT NOT NULL, 
	payload BLOB NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (execution_id, sequence), 
	CONSTRAINT fk_events_execution_id FOREIGN KEY(execution_id) REFERENCES executions (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "events" VALUES('call_done',1,X'0A0963616C6C5F646F6E6510011A060880F2D6CA062200');
INSERT INTO "events" VALUES('call_done',2,X'0A0963616C6C5F646F6E6510021A060880F2D6CA062A00');
INSERT INTO "events" VALUES('call_done',3,X'0A0963616C6C5F646F6E6510031A060880F2D6CA0632050A0334320A');
INSERT INTO "events" VALUES('call_done',4,X'0A0963616C6C5F646F6E6510041A060880F2D6CA068A011B0A190A0963616C6C5F646F6E65120A736573735F656E6465641803');
INSERT INTO "events" VALUES('call_queued',1,X'0A0B63616C6C5F71756575656410011A060880F2D6CA062200');
INSERT INTO "events" VALUES('call_running',1,X'0A0C63616C6C5F72756E6E696E6710011A060880F2D6CA062200');
INSERT INTO "events" VALUES('call_running',2,X'0A0C63616C6C5F72756E6E696E6710021A060880F2D6CA062A00');
INSERT INTO "events" VALUES('call_running',3,X'0A0C63616C6C5F72756E6E696E6710031A060880F2D6CA0632070A0568616C660A');
CREATE TABLE executions (
	id VARCHAR(80) NOT NULL, 
	tenant VARCHAR(80) NOT NULL, 
	session_id VARCHAR(80) NOT NULL, 
	status INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	timeout FLOAT NOT NULL, 
	create_time BIGINT NOT NULL, 
	ordinal BIGINT NOT NULL, 
	start_time BIGINT, 
	end_time BIGINT, 
	execution_count BIGINT NOT NULL, 
	error JSON, 
	failure_cause INTEGER, 
	failure_message TEXT, 
	memory_lost BOOLEAN, 
	last_sequence BIGINT NOT NULL, environment JSON DEFAULT '{}' NOT NULL, environment_hash VARCHAR(64) DEFAULT '' NOT NULL, record_bytes BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_executions PRIMARY KEY (id), 
	CONSTRAINT fk_executions_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE, 
	CONSTRAINT uq_executions_session_id_ordinal UNIQUE (session_id, ordinal)
);
INSERT INTO "executions" VALUES('call_done','default','sess_ended',3,'print(6 * 7)',120.0,1767225600000000,1,1767225600000000,1767225600000000,1,NULL,NULL,NULL,NULL,4,'{}','',0);
INSERT INTO "executions" VALUES('call_running','default','sess_alive',2,'while True: pass',120.0,1767225600000000,1,1767225600000000,NULL,0,NULL,NULL,NULL,NULL,3,'{}','',0);
INSERT INTO "executions" VALUES('call_queued','default','sess_alive',1,'print(6 * 7)',120.0,1767225600000000,2,NULL,NULL,0,NULL,NULL,NULL,NULL,1,'{}','',0);
CREATE TABLE files (
	id VARCHAR(80) NOT NULL, 
	tenant VARCHAR(80) NOT NULL, 
	filename TEXT NOT NULL, 
	bytes BIGINT NOT NULL, 
	mime_type VARCHAR(255) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	purpose INTEGER NOT NULL, 
	create_time BIGINT NOT NULL, 
	session_id VARCHAR(80) NOT NULL, 
	execution_id VARCHAR(80) NOT NULL, 
	path TEXT NOT NULL, expire_time BIGINT, 
	CONSTRAINT pk_files PRIMARY KEY (id)
);
INSERT INTO "files" VALUES('file-old','default','old.txt',27,'text/plain','fbce881aeadc01b7dcb91ff168e997d1c6fa50c6a9e9c2e72d590922cfb19d68',1,1767225600000000,'','','',NULL);
CREATE TABLE sessions (
	id VARCHAR(80) NOT NULL, 
	tenant VARCHAR(80) NOT NULL, 
	state INTEGER NOT NULL, 
	thread_id VARCHAR(256) NOT NULL, 
	labels JSON NOT NULL, 
	limits JSON NOT NULL, 
	idle_timeout FLOAT NOT NULL, 
	lifetime FLOAT NOT NULL, 
	create_time BIGINT NOT NULL, 
	last_use_time BIGINT NOT NULL, 
	last_alive_time BIGINT NOT NULL, 
	image TEXT NOT NULL, 
	runtime VARCHAR(80) NOT NULL, 
	backend VARCHAR(20) NOT NULL, 
	environment_names JSON NOT NULL, 
	sandbox_id VARCHAR(80) NOT NULL, 
	agent_token VARCHAR(80) NOT NULL, 
	request_id VARCHAR(128), 
	request_hash VARCHAR(64) NOT NULL, 
	end_reason INTEGER NOT NULL, 
	end_message TEXT NOT NULL, 
	end_time BIGINT, 
	kernel_generation BIGINT NOT NULL, 
	execution_count BIGINT NOT NULL, 
	acknowledged_sequence BIGINT NOT NULL, memory_loss_time BIGINT, memory_loss_message TEXT DEFAULT '' NOT NULL, memory_loss_execution_id VARCHAR(80) DEFAULT '' NOT NULL, background_output TEXT DEFAULT '' NOT NULL, background_changes JSON DEFAULT '[]' NOT NULL, last_execution_id VARCHAR(80) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id), 
	CONSTRAINT uq_sessions_tenant_request_id UNIQUE (tenant, request_id)
);
INSERT INTO "sessions" VALUES('sess_ended','default',6,'thread_old','{"team": "blue"}','{"memory_bytes": 1073741824, "cpus": 1.0, "pids": 256, "data_bytes": 536870912, "tmp_bytes": 134217728, "home_bytes": 67108864, "open_files": 1024, "file_bytes": 536870912}',1200.0,3600.0,1767225600000000,1767225600000000,1767225600000000,'cellblock-sandbox:0.0.9','','docker','[]','sbx_ended','token',NULL,'',3,'deleted on request',253370764800000000,1,3,9,NULL,'','','','[]','');
INSERT INTO "sessions" VALUES('sess_alive','default',3,'thread_old','{"team": "blue"}','{"memory_bytes": 1073741824, "cpus": 1.0, "pids": 256, "data_bytes": 536870912, "tmp_bytes": 134217728, "home_bytes": 67108864, "open_files": 1024, "file_bytes": 536870912}',1200.0,3600.0,1767225600000000,1767225600000000,1767225600000000,'cellblock-sandbox:0.0.9','','docker','[]','sbx_alive','token',NULL,'',0,'',NULL,1,3,9,NULL,'','','','[]','');
CREATE TABLE uploads (
	tenant VARCHAR(80) NOT NULL, 
	id VARCHAR(80) NOT NULL, 
	filename TEXT NOT NULL, 
	bytes BIGINT, 
	sha256 VARCHAR(64) NOT NULL, 
	purpose INTEGER NOT NULL, 
	expires_after FLOAT, 
	received_bytes BIGINT NOT NULL, 
	file_id VARCHAR(80) NOT NULL, 
	expire_time BIGINT NOT NULL, 
	CONSTRAINT pk_uploads PRIMARY KEY (tenant, id)
);
INSERT INTO "uploads" VALUES('default','upload_old','half.bin',10,'',1,NULL,5,'',253370764800000000);
CREATE INDEX ix_files_session_id ON files (session_id);
CREATE INDEX ix_files_sha256 ON files (sha256);
CREATE INDEX ix_files_tenant_create_time_id ON files (tenant, create_time, id);
CREATE INDEX ix_sessions_state ON sessions (state);
CREATE INDEX ix_sessions_tenant_create_time_id ON sessions (tenant, create_time, id);
CREATE INDEX ix_executions_status ON executions (status);
CREATE INDEX ix_files_expire_time ON files (expire_time);
CREATE INDEX ix_files_execution_id ON files (execution_id);
CREATE INDEX ix_files_tenant_bytes ON files (tenant, bytes);
CREATE INDEX ix_executions_tenant_record_bytes ON executions (tenant, record_bytes);
CREATE INDEX ix_sessions_end_time ON sessions (end_time);
CREATE INDEX ix_uploads_expire_time ON uploads (expire_time);
CREATE INDEX ix_uploads_file_id ON uploads (file_id);
COMMIT;
