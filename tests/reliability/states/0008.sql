-- A small state of the version with schema 0008: see tests/reliability/test_upgrade.py.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE api_keys (
	id VARCHAR(80) NOT NULL, 
	tenant VARCHAR(80) NOT NULL, 
	role INTEGER NOT NULL, 
	description TEXT NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	previous_hash VARCHAR(64) NOT NULL, 
	previous_expire_time BIGINT, 
	create_time BIGINT NOT NULL, 
	expire_time BIGINT, 
	rotate_time BIGINT, 
	revoke_time BIGINT, 
	last_use_time BIGINT, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT fk_api_keys_tenant FOREIGN KEY(tenant) REFERENCES tenants (id)
);
INSERT INTO "api_keys" VALUES('key_4kfLzELJVfdNpJI64BgRMkQ5','default',3,'made on the server''s machine','702d931434f9a1b0af24f2ccf7aac505e0b9a3224fceb693d4f0e29739995fff','',NULL,1795993859272389,NULL,NULL,NULL,1795993860688636);
INSERT INTO "api_keys" VALUES('key_2aYlfcTu3f7aKBFwRaDx1oWa','blue',2,'old key','67275d9d98f0cbfe8114c3c7a2fcf1131bfc5cfbb2eac40415e4286faaaceb1f','',NULL,1795993860697738,NULL,NULL,NULL,1795993860702657);
CREATE TABLE "attachments" (
	tenant VARCHAR(80) NOT NULL, 
	session_id VARCHAR(80) NOT NULL, 
	file_id VARCHAR(80) NOT NULL, 
	filename TEXT NOT NULL, 
	unpacked BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_attachments PRIMARY KEY (tenant, session_id, file_id), 
	CONSTRAINT fk_attachments_tenant FOREIGN KEY(tenant, session_id) REFERENCES "sessions" (tenant, id) ON DELETE CASCADE, 
	CONSTRAINT uq_attachments_tenant_session_id_filename UNIQUE (tenant, session_id, filename)
);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	time BIGINT NOT NULL, 
	tenant VARCHAR(80) NOT NULL, 
	key_id VARCHAR(80) NOT NULL, 
	peer TEXT NOT NULL, 
	rpc VARCHAR(80) NOT NULL, 
	subjects JSON NOT NULL, 
	outcome VARCHAR(80) NOT NULL, 
	reason VARCHAR(80) NOT NULL
);
INSERT INTO "audit" VALUES(1,1795993859272389,'default','','create-admin-key','CreateKey','{"key_id": "key_4kfLzELJVfdNpJI64BgRMkQ5", "tenant_id": "default"}','OK','');
INSERT INTO "audit" VALUES(2,1795993860690674,'default','key_4kfLzELJVfdNpJI64BgRMkQ5','ipv4:127.0.0.1:37714','CreateTenant','{"tenant_id": "blue"}','OK','');
INSERT INTO "audit" VALUES(3,1795993860698946,'default','key_4kfLzELJVfdNpJI64BgRMkQ5','ipv4:127.0.0.1:37714','CreateKey','{"key_id": "key_2aYlfcTu3f7aKBFwRaDx1oWa", "tenant_id": "blue"}','OK','');
INSERT INTO "audit" VALUES(4,1795993860714469,'blue','key_2aYlfcTu3f7aKBFwRaDx1oWa','ipv4:127.0.0.1:37726','UploadFile','{"file_id": "file-joLQgeAajgQ8OekiHrdv9VLY", "upload_id": "upload_b009cbb4d2d855ce87a7b18463b3d3f4"}','OK','');
INSERT INTO "audit" VALUES(5,1795993863379291,'blue','key_2aYlfcTu3f7aKBFwRaDx1oWa','ipv4:127.0.0.1:37726','CreateSession','{"session_id": "sess_ended"}','OK','');
INSERT INTO "audit" VALUES(6,1795993863397365,'blue','key_2aYlfcTu3f7aKBFwRaDx1oWa','ipv4:127.0.0.1:37726','Execute','{"session_id": "sess_ended", "execution_id": "call_done", "run_id": "run_old", "step_id": "step_old"}','OK','');
INSERT INTO "audit" VALUES(7,1795993863498832,'blue','key_2aYlfcTu3f7aKBFwRaDx1oWa','ipv4:127.0.0.1:37726','Execute','{"session_id": "sess_ended", "execution_id": "call_error"}','OK','');
INSERT INTO "audit" VALUES(8,1795993864150122,'blue','key_2aYlfcTu3f7aKBFwRaDx1oWa','ipv4:127.0.0.1:37726','DeleteSession','{"session_id": "sess_ended"}','OK','');
CREATE TABLE cpu_usage (
	tenant VARCHAR(80) NOT NULL, 
	period BIGINT NOT NULL, 
	cpu_seconds FLOAT NOT NULL, 
	CONSTRAINT pk_cpu_usage PRIMARY KEY (tenant, period)
);
INSERT INTO "cpu_usage" VALUES('blue',1795910400000000,0.433772979);
CREATE TABLE "events" (
	tenant VARCHAR(80) NOT NULL, 
	execution_id VARCHAR(80) NOT NULL, 
	sequence BIGINT NOT NULL, 
	payload BLOB NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY (tenant, execution_id, sequence), 
	CONSTRAINT fk_events_tenant FOREIGN KEY(tenant, execution_id) REFERENCES "executions" (tenant, id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "events" VALUES('blue','call_done',1,X'0A0963616C6C5F646F6E6510011A0C088785B8D80610E0A38CB7012200');
INSERT INTO "events" VALUES('blue','call_done',2,X'0A0963616C6C5F646F6E6510021A0C088785B8D8061098D19FCA012A020801');
INSERT INTO "events" VALUES('blue','call_done',3,X'0A0963616C6C5F646F6E6510031A0C088785B8D80610D8C7E9E30132050A0334320A');
INSERT INTO "events" VALUES('blue','call_done',4,X'0A0963616C6C5F646F6E6510041A0C088785B8D80610D8C7E9E30172D9010AC2010A1D66696C652D476F6850364C50374D7A586B576D736F4E4C62483977564D12086D6164652E7478741821220A746578742F706C61696E2A403963393761616162616436326661336634373063303635616533393830663064653335346532366332613932316139333538623466333037393366313731343630023A0C088785B8D80610E080E4E301420A736573735F656E6465644A0963616C6C5F646F6E6552122F6D6E742F646174612F6D6164652E7478745A0C08879FD6D90610E080E4E30112122F6D6E742F646174612F6D6164652E747874');
INSERT INTO "events" VALUES('blue','call_done',5,X'0A0963616C6C5F646F6E6510051A0C088785B8D80610D8C7E9E3018A01570A550A0963616C6C5F646F6E65120A736573735F656E64656418032A020878320C088785B8D8061088FF85B7013A0C088785B8D8061098D19FCA01420C088785B8D80610D8C7E9E301480160057A08737465705F6F6C64');
INSERT INTO "events" VALUES('blue','call_error',1,X'0A0A63616C6C5F6572726F7210011A0C088785B8D8061080F296E6012200');
INSERT INTO "events" VALUES('blue','call_error',2,X'0A0A63616C6C5F6572726F7210021A0C088785B8D8061098F0F0F1012A020801');
INSERT INTO "events" VALUES('blue','call_error',3,X'0A0A63616C6C5F6572726F7210031A0C088785B8D80610D8B6BE8C036AB2030A115A65726F4469766973696F6E4572726F7212106469766973696F6E206279207A65726F1A551B5B33316D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D1B5B33396D1A551B5B33316D5A65726F4469766973696F6E4572726F721B5B33396D2020202020202020202020202020202020202020202020202054726163656261636B20286D6F737420726563656E742063616C6C206C617374291AAD011B5B33366D43656C6C1B5B33396D1B5B33366D201B5B33396D1B5B33326D496E5B325D1B5B33396D1B5B33326D2C206C696E6520311B5B33396D0A1B5B33326D2D2D2D2D3E201B5B33396D1B5B33326D311B5B33396D201B5B33303B34336D311B5B33393B34396D1B5B33303B34336D201B5B33393B34396D1B5B33303B34336D2F1B5B33393B34396D1B5B33303B34336D201B5B33393B34396D1B5B33303B34336D301B5B33393B34396D0A1A2D1B5B33316D5A65726F4469766973696F6E4572726F721B5B33396D3A206469766973696F6E206279207A65726F');
INSERT INTO "events" VALUES('blue','call_error',4,X'0A0A63616C6C5F6572726F7210041A0C088785B8D80610E88DA494038A01A3040AA0040A0A63616C6C5F6572726F72120A736573735F656E64656418032A020878320C088785B8D80610C0BF92E6013A0C088785B8D8061098F0F0F101420C088785B8D80610E88DA49403480252B2030A115A65726F4469766973696F6E4572726F7212106469766973696F6E206279207A65726F1A551B5B33316D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D2D1B5B33396D1A551B5B33316D5A65726F4469766973696F6E4572726F721B5B33396D2020202020202020202020202020202020202020202020202054726163656261636B20286D6F737420726563656E742063616C6C206C617374291AAD011B5B33366D43656C6C1B5B33396D1B5B33366D201B5B33396D1B5B33326D496E5B325D1B5B33396D1B5B33326D2C206C696E6520311B5B33396D0A1B5B33326D2D2D2D2D3E201B5B33396D1B5B33326D311B5B33396D201B5B33303B34336D311B5B33393B34396D1B5B33303B34336D201B5B33393B34396D1B5B33303B34336D2F1B5B33393B34396D1B5B33303B34336D201B5B33393B34396D1B5B33303B34336D301B5B33393B34396D0A1A2D1B5B33316D5A65726F4469766973696F6E4572726F721B5B33396D3A206469766973696F6E206279207A65726F60047A1D737465705F647866575862735270473369336B39516136776A42587146');
INSERT INTO "events" VALUES('blue','call_queued',1,X'0A0B63616C6C5F71756575656410011A0C088A85B8D80610D09096B80222020801');
INSERT INTO "events" VALUES('blue','call_running',1,X'0A0C63616C6C5F72756E6E696E6710011A0C088A85B8D80610F0C6E2AA022200');
INSERT INTO "events" VALUES('blue','call_running',2,X'0A0C63616C6C5F72756E6E696E6710021A0C088A85B8D80610C08D80B7022A020801');
INSERT INTO "events" VALUES('blue','call_running',3,X'0A0C63616C6C5F72756E6E696E6710031A0C088A85B8D80610C08D80B70232070A0568616C660A');
CREATE TABLE "executions" (
	tenant VARCHAR(80) NOT NULL, 
	id VARCHAR(80) NOT NULL, 
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
	last_sequence BIGINT NOT NULL, 
	environment JSON DEFAULT '{}' NOT NULL, 
	environment_hash VARCHAR(64) DEFAULT '' NOT NULL, 
	record_bytes BIGINT DEFAULT '0' NOT NULL, 
	step_id VARCHAR(80) DEFAULT '' NOT NULL, cancel_requested BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_executions PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_executions_tenant FOREIGN KEY(tenant, session_id) REFERENCES "sessions" (tenant, id) ON DELETE CASCADE, 
	CONSTRAINT uq_executions_tenant_session_id_ordinal UNIQUE (tenant, session_id, ordinal)
);
INSERT INTO "executions" VALUES('blue','call_done','sess_ended',3,'open(''made.txt'', ''wb'').write(b''made by code of an older release\n''); print(6 * 7)',120.0,1795993863383877,1,1795993863424143,1795993863477783,1,NULL,NULL,NULL,NULL,5,'{}','',539,'step_old',0);
INSERT INTO "executions" VALUES('blue','call_error','sess_ended',3,'1 / 0',120.0,1795993863482648,2,1795993863507263,1795993863847841,2,'{"name": "ZeroDivisionError", "value": "division by zero", "traceback": ["\u001b[31m---------------------------------------------------------------------------\u001b[39m", "\u001b[31mZeroDivisionError\u001b[39m                         Traceback (most recent call last)", "\u001b[36mCell\u001b[39m\u001b[36m \u001b[39m\u001b[32mIn[2]\u001b[39m\u001b[32m, line 1\u001b[39m\n\u001b[32m----> \u001b[39m\u001b[32m1\u001b[39m \u001b[30;43m1\u001b[39;49m\u001b[30;43m \u001b[39;49m\u001b[30;43m/\u001b[39;49m\u001b[30;43m \u001b[39;49m\u001b[30;43m0\u001b[39;49m\n", "\u001b[31mZeroDivisionError\u001b[39m: division by zero"]}',NULL,NULL,NULL,4,'{}','',1111,'step_dxfWXbsRpG3i3k9Qa6wjBXqF',0);
INSERT INTO "executions" VALUES('blue','call_running','sess_alive',2,'import time
print(''half'', flush=True)
time.sleep(600)',120.0,1795993866626471,1,1795993866652216,NULL,0,NULL,NULL,NULL,NULL,3,'{}','',158,'step_sbZOKY8QEp4acuyzpJmNMSJb',0);
INSERT INTO "executions" VALUES('blue','call_queued','sess_alive',1,'1',120.0,1795993866654610,2,NULL,NULL,0,NULL,NULL,NULL,NULL,1,'{}','',34,'step_aAWljTep3yQ1u1nnrvla9VIa',0);
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
INSERT INTO "files" VALUES('file-joLQgeAajgQ8OekiHrdv9VLY','blue','old.txt',27,'text/plain','fbce881aeadc01b7dcb91ff168e997d1c6fa50c6a9e9c2e72d590922cfb19d68',1,1795993860709938,'','','',NULL);
INSERT INTO "files" VALUES('file-GohP6LP7MzXkWmsoNLbH9wVM','blue','made.txt',33,'text/plain','9c97aaabad62fa3f470c065ae3980f0de354e26c2a921a9358b4f30793f17146',2,1795993863477692,'sess_ended','call_done','/mnt/data/made.txt',253370764800000000);
CREATE TABLE marks (
	name VARCHAR(80) NOT NULL, 
	time BIGINT NOT NULL, 
	CONSTRAINT pk_marks PRIMARY KEY (name)
);
INSERT INTO "marks" VALUES('alive',1795993864341204);
INSERT INTO "marks" VALUES('stored',1795993854295174);
CREATE TABLE owner (
	id INTEGER NOT NULL, 
	instance VARCHAR(80) NOT NULL, 
	token VARCHAR(80) NOT NULL, 
	writes BIGINT NOT NULL, 
	CONSTRAINT pk_owner PRIMARY KEY (id)
);
CREATE TABLE "run_steps" (
	tenant VARCHAR(80) NOT NULL, 
	id VARCHAR(80) NOT NULL, 
	session_id VARCHAR(80) NOT NULL, 
	thread_id VARCHAR(256) NOT NULL, 
	run_id VARCHAR(80) NOT NULL, 
	assistant_id VARCHAR(80) NOT NULL, 
	create_time BIGINT NOT NULL, 
	more_calls BOOLEAN NOT NULL, 
	CONSTRAINT pk_run_steps PRIMARY KEY (tenant, id), 
	CONSTRAINT fk_run_steps_tenant FOREIGN KEY(tenant, session_id) REFERENCES "sessions" (tenant, id) ON DELETE CASCADE
);
INSERT INTO "run_steps" VALUES('blue','step_old','sess_ended','thread_old','run_old','asst_ended',1795993863383980,0);
INSERT INTO "run_steps" VALUES('blue','step_dxfWXbsRpG3i3k9Qa6wjBXqF','sess_ended','thread_old','run_gPKqqpBw0fVTZuTmoiNcALF8','asst_ended',1795993863482720,0);
INSERT INTO "run_steps" VALUES('blue','step_sbZOKY8QEp4acuyzpJmNMSJb','sess_alive','thread_alive','run_G8dqGNVliuGd0OcJu0EuGDOr','asst_alive',1795993866626566,0);
INSERT INTO "run_steps" VALUES('blue','step_aAWljTep3yQ1u1nnrvla9VIa','sess_alive','thread_alive','run_CFR2BmsBlQusLy3II4wnZfoj','asst_alive',1795993866654674,0);
CREATE TABLE "sessions" (
	tenant VARCHAR(80) NOT NULL, 
	id VARCHAR(80) NOT NULL, 
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
	acknowledged_sequence BIGINT NOT NULL, 
	memory_loss_time BIGINT, 
	memory_loss_message TEXT DEFAULT '' NOT NULL, 
	memory_loss_execution_id VARCHAR(80) DEFAULT '' NOT NULL, 
	background_output TEXT DEFAULT '' NOT NULL, 
	background_changes JSON DEFAULT '[]' NOT NULL, 
	last_execution_id VARCHAR(80) DEFAULT '' NOT NULL, 
	cpu_seconds FLOAT DEFAULT '0' NOT NULL, billed_time BIGINT, billed_executions BIGINT DEFAULT '0' NOT NULL, billed_cpu_seconds FLOAT DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (tenant, id), 
	CONSTRAINT uq_sessions_tenant_request_id UNIQUE (tenant, request_id)
);
INSERT INTO "sessions" VALUES('blue','sess_ended',6,'thread_old','{"team": "blue"}','{"memory_bytes": 1073741824, "cpus": 1.0, "pids": 256, "data_bytes": 536870912, "tmp_bytes": 134217728, "home_bytes": 67108864, "open_files": 1024, "file_bytes": 8589934592}',1200.0,3600.0,1795993860717661,1795993863847868,1795993863847868,'cellblock-sandbox:0.1.0-core','','docker','[]','sbx_1ydF82rdHhEE0ZDwXGrRjJkn','_CDy_hl9pTwyrxlLzGguP7Q5AJUQGzbO_gtZB4B3zJQ','f1310abdecdf00ccd73d91fa00cf181b','8d0cfebe157411bfc8f2acfafe3f6d570278e6552d93aa7d8e85be6da2e1778b',3,'deleted on request',1795993863859127,1,2,6,NULL,'','','','[]','call_error',0.433772979,1795993863859142,2,0.433772979);
INSERT INTO "sessions" VALUES('blue','sess_alive',3,'','{}','{"memory_bytes": 1073741824, "cpus": 1.0, "pids": 256, "data_bytes": 536870912, "tmp_bytes": 134217728, "home_bytes": 67108864, "open_files": 1024, "file_bytes": 8589934592}',1200.0,3600.0,1795993864153728,1795993866654685,1795993866654685,'cellblock-sandbox:0.1.0-core','','docker','[]','sbx_7UFZqNkhlPicKfcPqsA5zURC','pxuQ3t1B5gf6T7seUsBusMdGpYcZ9RbaDIuR0L6lBjg','26d715ddee7987311ba77f40feff9cc0','3dc8aa77cad3cc7c8bd4ede0abfb930dd60dec3d034ee6f3dde0bf299b0dd658',0,'',NULL,1,2,2,NULL,'','','','[]','',0.0,NULL,0,0.0);
CREATE TABLE tenant_usage (
	tenant VARCHAR(80) NOT NULL, 
	hour BIGINT NOT NULL, 
	sessions BIGINT NOT NULL, 
	session_seconds FLOAT NOT NULL, 
	executions BIGINT NOT NULL, 
	cpu_seconds FLOAT NOT NULL, 
	stored_byte_hours FLOAT NOT NULL, 
	egress_bytes BIGINT NOT NULL, 
	CONSTRAINT pk_tenant_usage PRIMARY KEY (tenant, hour)
);
INSERT INTO "tenant_usage" VALUES('blue',1795993200000000,1,3.141481,2,0.433772979,0.0,0);
CREATE TABLE tenants (
	id VARCHAR(80) NOT NULL, 
	create_time BIGINT NOT NULL, 
	quotas JSON NOT NULL, 
	CONSTRAINT pk_tenants PRIMARY KEY (id)
);
INSERT INTO "tenants" VALUES('default',1795993854203184,'{}');
INSERT INTO "tenants" VALUES('blue',1795993860689878,'{"max_sessions": 7}');
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
INSERT INTO "uploads" VALUES('blue','upload_b009cbb4d2d855ce87a7b18463b3d3f4','old.txt',27,'',1,NULL,0,'file-joLQgeAajgQ8OekiHrdv9VLY',1795997460703482);
CREATE INDEX ix_files_session_id ON files (session_id);
CREATE INDEX ix_files_sha256 ON files (sha256);
CREATE INDEX ix_files_tenant_create_time_id ON files (tenant, create_time, id);
CREATE INDEX ix_files_expire_time ON files (expire_time);
CREATE INDEX ix_files_execution_id ON files (execution_id);
CREATE INDEX ix_files_tenant_bytes ON files (tenant, bytes);
CREATE INDEX ix_uploads_expire_time ON uploads (expire_time);
CREATE INDEX ix_uploads_file_id ON uploads (file_id);
CREATE INDEX ix_sessions_tenant_create_time_id ON sessions (tenant, create_time, id);
CREATE INDEX ix_sessions_state ON sessions (state);
CREATE INDEX ix_sessions_end_time ON sessions (end_time);
CREATE INDEX ix_executions_tenant_record_bytes ON executions (tenant, record_bytes);
CREATE INDEX ix_executions_status ON executions (status);
CREATE INDEX ix_executions_step_id ON executions (step_id);
CREATE INDEX ix_run_steps_tenant_create_time_id ON run_steps (tenant, create_time, id);
CREATE INDEX ix_run_steps_session_id_create_time_id ON run_steps (session_id, create_time, id);
CREATE INDEX ix_run_steps_thread_id_create_time_id ON run_steps (thread_id, create_time, id);
CREATE INDEX ix_run_steps_run_id_create_time_id ON run_steps (run_id, create_time, id);
CREATE INDEX ix_api_keys_tenant_create_time_id ON api_keys (tenant, create_time, id);
CREATE INDEX ix_audit_tenant_id ON audit (tenant, id);
CREATE INDEX ix_audit_time ON audit (time);
CREATE INDEX ix_tenant_usage_hour_tenant ON tenant_usage (hour, tenant);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',8);
COMMIT;
