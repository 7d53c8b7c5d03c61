-- A box's database of the first version, with a paper in every state. Never edited: later versions must open it.
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'commune-box','m001_documents','2026-11-21 02:00:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'commune-box','m002_events','2026-11-21 02:00:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'commune-box','m003_registers','2026-11-21 02:00:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'commune-box','m004_outbox','2026-11-21 02:00:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'commune-box','m005_texts','2026-11-21 02:00:00.000000+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'commune-box','m006_held_files','2026-11-21 02:00:00.000000+00:00');
CREATE TABLE documents (
            id TEXT PRIMARY KEY,
            state TEXT NOT NULL CHECK (state IN ('received', 'digitized', 'approved', 'signed', 'queued', 'delivered',
                                                 'refused', 'quarantined', 'discarded')),
            version INTEGER NOT NULL,
            kind TEXT NOT NULL,
            folder TEXT NOT NULL,
            policy TEXT NOT NULL,
            original_sha256 TEXT NOT NULL,
            original_name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            pages INTEGER NOT NULL,
            archive_sha256 TEXT NOT NULL,
            current_sha256 TEXT NOT NULL,
            current_size INTEGER NOT NULL,
            facts TEXT NOT NULL,
            register TEXT NOT NULL,
            register_year INTEGER NOT NULL,
            register_number INTEGER NOT NULL,
            supersedes TEXT NOT NULL,
            reason_code TEXT NOT NULL,
            reason_text TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_attempt_at TEXT,
            last_error TEXT NOT NULL,
            received_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            priority INTEGER NOT NULL,
            step TEXT,
            lease_owner TEXT,
            lease_until TEXT
        ) STRICT
    ;
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000001','received',1,'incoming-scan','den','person','b7888a9d728324e30348821565fa062f0cbe23bb695669fd88f132387c45996c','quét 001.pdf','application/pdf',0,'','',0,'{"fields": {}, "markings": [], "warnings": [], "consents": [], "signatures": []}','',0,0,'','','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,'digitize',NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000002','digitized',2,'incoming-scan','den','person','1fd144a37c693872ccfd2c829a5eb70439bfd413518de773871006055df6f617','quét 001.pdf','application/pdf',1,'bb1c340db39ed4d5d1a15aaa96b664a14b6c62b962e6ebffd67a442b9d26a0ba','bb1c340db39ed4d5d1a15aaa96b664a14b6c62b962e6ebffd67a442b9d26a0ba',7,'{"fields": {"subject": {"value": "Về việc chi trả trợ cấp", "confidence": 0.9, "page": 1, "box": [70.0, 160.0, 280.0, 180.0]}}, "markings": [], "warnings": [], "consents": [], "signatures": []}','',0,0,'','','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000003','approved',3,'outgoing','den','person','7edfd5def42701a65ecd267246abf619cbdd3a0305e971280d13a739ac82449a','quét 001.pdf','application/pdf',1,'144b5255a41c97794b6b67ce884fd1c07eb84627f704fc55dd951c253f60fcab','144b5255a41c97794b6b67ce884fd1c07eb84627f704fc55dd951c253f60fcab',7,'{"fields": {"subject": {"value": "Về việc chi trả", "confidence": 1.0, "page": 1, "box": [70.0, 160.0, 280.0, 180.0]}}, "markings": [], "warnings": [], "consents": [{"slot": "leader", "by": "clerk", "at": "2026-11-21T02:00:00+00:00"}], "signatures": []}','di',2026,1,'','','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,'sign',NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000004','signed',4,'incoming-scan','den','person','1ca3628392e689c4b2ac85d4b05ebd57f40daf3056a1165817b7dfa5aa13320d','quét 001.pdf','application/pdf',1,'f17c8a67ea58ce5044df7728e467a8fb8665a54179c4e85835f56649dc73eeca','1639a7da2a24ee8df22ac7645f9c4dc497b7959151394d82c60ccd72c5fe030b',16,'{"fields": {"subject": {"value": "Về việc chi trả", "confidence": 1.0, "page": 1, "box": [70.0, 160.0, 280.0, 180.0]}}, "markings": [], "warnings": [], "consents": [{"slot": "agency", "by": "clerk", "at": "2026-11-21T02:00:00+00:00"}], "signatures": [{"slot": "agency", "sha256": "1639a7da2a24ee8df22ac7645f9c4dc497b7959151394d82c60ccd72c5fe030b", "size": 16, "signed_at": "2026-11-21T02:00:00+00:00", "certificate_sha256": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "signer": "Nguyễn Văn A", "page": 1, "box": [400.0, 40.0, 560.0, 90.0]}]}','den',2026,1,'','','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,'enqueue',NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000005','queued',5,'incoming-scan','den','person','ecc03865747279408aa3bbb956c981131eb7f82981f86566e1f6d41fadf96ee4','quét 001.pdf','application/pdf',1,'899a043f8e33a13d0a3e8358584af1a6ef2bea62c3524050755eb335ef14b0fa','8e7216cc9814d18f1de23df546d514078cc2768c6e2e5554ee423c1a487abff2',16,'{"fields": {"subject": {"value": "Về việc chi trả", "confidence": 1.0, "page": 1, "box": [70.0, 160.0, 280.0, 180.0]}}, "markings": [], "warnings": [], "consents": [{"slot": "agency", "by": "clerk", "at": "2026-11-21T02:00:00+00:00"}], "signatures": [{"slot": "agency", "sha256": "8e7216cc9814d18f1de23df546d514078cc2768c6e2e5554ee423c1a487abff2", "size": 16, "signed_at": "2026-11-21T02:00:00+00:00", "certificate_sha256": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "signer": "Nguyễn Văn A", "page": 1, "box": [400.0, 40.0, 560.0, 90.0]}]}','den',2026,2,'','','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000006','delivered',8,'outgoing','den','person','402225db4e4bf478df44853c9aa3feae8e5949d46dc6c305c68b02aa26585bc8','quét 001.pdf','application/pdf',1,'e91fedd59660f8b4ed7c13dec1d5b592b5d105f6aeab93bd92194128f7bbde93','bb14d4845084ca48ce468c2d49aa724591f795a786978bca47cba859400a2a09',25,'{"fields": {"subject": {"value": "Về việc chi trả", "confidence": 1.0, "page": 1, "box": [70.0, 160.0, 280.0, 180.0]}}, "markings": [], "warnings": [], "consents": [{"slot": "leader", "by": "clerk", "at": "2026-11-21T02:00:00+00:00"}, {"slot": "agency", "by": "clerk", "at": "2026-11-21T02:00:00+00:00"}], "signatures": [{"slot": "leader", "sha256": "c02bd4320f696f72b71d05cba221ce98fe11aa160cfd34039575295d14d386cc", "size": 16, "signed_at": "2026-11-21T02:00:00+00:00", "certificate_sha256": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "signer": "Nguyễn Văn A", "page": 1, "box": [400.0, 40.0, 560.0, 90.0]}, {"slot": "agency", "sha256": "bb14d4845084ca48ce468c2d49aa724591f795a786978bca47cba859400a2a09", "size": 25, "signed_at": "2026-11-21T02:00:00+00:00", "certificate_sha256": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "signer": "Nguyễn Văn A", "page": 1, "box": [400.0, 40.0, 560.0, 90.0]}]}','di',2026,2,'','','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000007','refused',6,'incoming-scan','den','person','bf60a83952d9b1af03fa01383ff42cabf9e43a173af89f85117e5e5c2faf1980','quét 001.pdf','application/pdf',1,'944075f6ecf316056db079ef4504a80722f413b6316ca1cf9fe07852c869e854','ff995d654ceec0a2310fa44002e55be58cc30e1438465a2c4b128e50321505df',16,'{"fields": {"subject": {"value": "Về việc chi trả", "confidence": 1.0, "page": 1, "box": [70.0, 160.0, 280.0, 180.0]}}, "markings": [], "warnings": [], "consents": [{"slot": "agency", "by": "clerk", "at": "2026-11-21T02:00:00+00:00"}], "signatures": [{"slot": "agency", "sha256": "ff995d654ceec0a2310fa44002e55be58cc30e1438465a2c4b128e50321505df", "size": 16, "signed_at": "2026-11-21T02:00:00+00:00", "certificate_sha256": "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "signer": "Nguyễn Văn A", "page": 1, "box": [400.0, 40.0, 560.0, 90.0]}]}','den',2026,3,'','bad-signature','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,NULL,NULL,NULL);
INSERT INTO "documents" VALUES('019a0000-0000-7000-8000-000000000008','quarantined',2,'incoming-scan','den','person','7fab88a1d280bd5b5c41b2384c25642a6421c1ebe4412a2c39a83e3bfa101339','quét 001.pdf','application/pdf',0,'','',0,'{"fields": {}, "markings": ["secrecy:suspected"], "warnings": [], "consents": [], "signatures": []}','',0,0,'','suspected-secret','',0,NULL,'','2026-11-21T02:00:00+00:00','2026-11-21T02:00:00+00:00',0,NULL,NULL,NULL);
CREATE TABLE events (
            sequence INTEGER PRIMARY KEY,
            document_id TEXT NOT NULL,
            at TEXT NOT NULL,
            by TEXT NOT NULL,
            event TEXT NOT NULL,
            detail TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL UNIQUE
        ) STRICT
    ;
INSERT INTO "events" VALUES(1,'019a0000-0000-7000-8000-000000000001','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','0000000000000000000000000000000000000000000000000000000000000000','62e6bc3e9c637f05c4934b9bd6cd1b804da4f38850716ef3f10dfe72df4c4cb6');
INSERT INTO "events" VALUES(2,'019a0000-0000-7000-8000-000000000002','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','62e6bc3e9c637f05c4934b9bd6cd1b804da4f38850716ef3f10dfe72df4c4cb6','a4671f6f7ad462d8bd6ce62679de4ad35765ee54f8911595b352416bc1249b93');
INSERT INTO "events" VALUES(3,'019a0000-0000-7000-8000-000000000002','2026-11-21T02:00:00+00:00','worker','digitized','{"pages": 1}','a4671f6f7ad462d8bd6ce62679de4ad35765ee54f8911595b352416bc1249b93','54707bbb95f1afe93d5496ea3fc4923dba325c0f9e3b50245c7aac3d69b93b83');
INSERT INTO "events" VALUES(4,'019a0000-0000-7000-8000-000000000003','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','54707bbb95f1afe93d5496ea3fc4923dba325c0f9e3b50245c7aac3d69b93b83','99b0653dfdf445f5a127dadeb450d338e2172a9604741cd3c936b170e6ed37d6');
INSERT INTO "events" VALUES(5,'019a0000-0000-7000-8000-000000000003','2026-11-21T02:00:00+00:00','worker','digitized','{"pages": 1}','99b0653dfdf445f5a127dadeb450d338e2172a9604741cd3c936b170e6ed37d6','eacb734409576187c88f9aa86da1997dcfe8307442c78f29e363ed406c440c96');
INSERT INTO "events" VALUES(6,'019a0000-0000-7000-8000-000000000003','2026-11-21T02:00:00+00:00','clerk','approved','{"changed": ["subject"], "number": 1, "register": "di", "slot": "leader", "year": 2026}','eacb734409576187c88f9aa86da1997dcfe8307442c78f29e363ed406c440c96','8577d35ce1016e1747cd4573a88a9e5118d8e55b43619524fab9f65a05b22a40');
INSERT INTO "events" VALUES(7,'019a0000-0000-7000-8000-000000000004','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','8577d35ce1016e1747cd4573a88a9e5118d8e55b43619524fab9f65a05b22a40','a17c416675285d3f964f6bcdaea7adadfcbe47a6d892ab87d156cae859cf126b');
INSERT INTO "events" VALUES(8,'019a0000-0000-7000-8000-000000000004','2026-11-21T02:00:00+00:00','worker','digitized','{"pages": 1}','a17c416675285d3f964f6bcdaea7adadfcbe47a6d892ab87d156cae859cf126b','8b0429f2e7831220ac6a37a2e1fc3c8bdef9b09ddf258c2b87c5c78a541fc00a');
INSERT INTO "events" VALUES(9,'019a0000-0000-7000-8000-000000000004','2026-11-21T02:00:00+00:00','clerk','approved','{"changed": ["subject"], "number": 1, "register": "den", "slot": "agency", "year": 2026}','8b0429f2e7831220ac6a37a2e1fc3c8bdef9b09ddf258c2b87c5c78a541fc00a','0e1621e67d2ed09dbb8cd61ea4f2fc00d5b574276821a534c1e3a249edf3aae4');
INSERT INTO "events" VALUES(10,'019a0000-0000-7000-8000-000000000004','2026-11-21T02:00:00+00:00','worker','signatures-complete','{"slot": "agency"}','0e1621e67d2ed09dbb8cd61ea4f2fc00d5b574276821a534c1e3a249edf3aae4','f308dfdbe6ad8437335727712bb534c4c023ee7c0417498dea7d00aea0031538');
INSERT INTO "events" VALUES(11,'019a0000-0000-7000-8000-000000000005','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','f308dfdbe6ad8437335727712bb534c4c023ee7c0417498dea7d00aea0031538','31de5806363b80ec3eb1d8a301790169d09abae48d2492febea5639227f441a2');
INSERT INTO "events" VALUES(12,'019a0000-0000-7000-8000-000000000005','2026-11-21T02:00:00+00:00','worker','digitized','{"pages": 1}','31de5806363b80ec3eb1d8a301790169d09abae48d2492febea5639227f441a2','fe6fb8770bf20619717f29f03421da3f4ee4004bf4e6487af3e8da2b0f88d91f');
INSERT INTO "events" VALUES(13,'019a0000-0000-7000-8000-000000000005','2026-11-21T02:00:00+00:00','clerk','approved','{"changed": ["subject"], "number": 2, "register": "den", "slot": "agency", "year": 2026}','fe6fb8770bf20619717f29f03421da3f4ee4004bf4e6487af3e8da2b0f88d91f','ae76db83562e6368d6cda155333c2f580c9a36a1089dfbc92b8de30e9e0b8ae8');
INSERT INTO "events" VALUES(14,'019a0000-0000-7000-8000-000000000005','2026-11-21T02:00:00+00:00','worker','signatures-complete','{"slot": "agency"}','ae76db83562e6368d6cda155333c2f580c9a36a1089dfbc92b8de30e9e0b8ae8','dd1518a1cceaef105cd9c1525c411952a3a7f6e357174b23d7de11d12e1e28ca');
INSERT INTO "events" VALUES(15,'019a0000-0000-7000-8000-000000000005','2026-11-21T02:00:00+00:00','worker','enqueued','{}','dd1518a1cceaef105cd9c1525c411952a3a7f6e357174b23d7de11d12e1e28ca','df62e13e8d701e97010d73116f56d9cf9a4e51dc1b60dd9c001e34eec36e45d9');
INSERT INTO "events" VALUES(16,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','df62e13e8d701e97010d73116f56d9cf9a4e51dc1b60dd9c001e34eec36e45d9','0d9dbba3240670e1f64dfd15168d08222db12fb979a9261d38a4f579b259df16');
INSERT INTO "events" VALUES(17,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','worker','digitized','{"pages": 1}','0d9dbba3240670e1f64dfd15168d08222db12fb979a9261d38a4f579b259df16','cfc668c6c9b1dcdfcf20f862009b7b56e1bbc7757c4835271f164586d8da1d9a');
INSERT INTO "events" VALUES(18,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','clerk','approved','{"changed": ["subject"], "number": 2, "register": "di", "slot": "leader", "year": 2026}','cfc668c6c9b1dcdfcf20f862009b7b56e1bbc7757c4835271f164586d8da1d9a','275142bcebbf183b7ad79d83d5295b8f623cfb9eabcb77a0ecd27417e571ce6c');
INSERT INTO "events" VALUES(19,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','worker','signature-applied','{"slot": "leader"}','275142bcebbf183b7ad79d83d5295b8f623cfb9eabcb77a0ecd27417e571ce6c','5784cbc4401a2f2d9692d3fe5d30b338a4034b318faefeb611286c06cb29a735');
INSERT INTO "events" VALUES(20,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','clerk','consented','{"slot": "agency"}','5784cbc4401a2f2d9692d3fe5d30b338a4034b318faefeb611286c06cb29a735','002f69f352809f5791274d20d067be651f893f164a62ab2a43fdc7e61fc01440');
INSERT INTO "events" VALUES(21,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','worker','signatures-complete','{"slot": "agency"}','002f69f352809f5791274d20d067be651f893f164a62ab2a43fdc7e61fc01440','c1df4ee1c62d7a415f363fb75dce1c82014d8f916afd115ddcf4c2c3ad066d7e');
INSERT INTO "events" VALUES(22,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','worker','enqueued','{}','c1df4ee1c62d7a415f363fb75dce1c82014d8f916afd115ddcf4c2c3ad066d7e','ac193b536ffca3baa51555628899b2b77b55aef32fa9faa966dc8e81666d5128');
INSERT INTO "events" VALUES(23,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00','province','accepted','{"answer": "d2"}','ac193b536ffca3baa51555628899b2b77b55aef32fa9faa966dc8e81666d5128','a07e462dfacb59420f80c1de68f681679de1a95431ffb60382db039b78cb8b95');
INSERT INTO "events" VALUES(24,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','a07e462dfacb59420f80c1de68f681679de1a95431ffb60382db039b78cb8b95','25feea75ff31a6c953d6348d98936961e6b18836f33b5e837edb02f31e189405');
INSERT INTO "events" VALUES(25,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00','worker','digitized','{"pages": 1}','25feea75ff31a6c953d6348d98936961e6b18836f33b5e837edb02f31e189405','1e116374decef3ac765e5439dd3bc259b2ef3aea9e11c085839a3175aa65e6ed');
INSERT INTO "events" VALUES(26,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00','clerk','approved','{"changed": ["subject"], "number": 3, "register": "den", "slot": "agency", "year": 2026}','1e116374decef3ac765e5439dd3bc259b2ef3aea9e11c085839a3175aa65e6ed','3017a361e4bdd4d6db81d705928612a98df605740e33d672c7a10fabd0c72fe2');
INSERT INTO "events" VALUES(27,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00','worker','signatures-complete','{"slot": "agency"}','3017a361e4bdd4d6db81d705928612a98df605740e33d672c7a10fabd0c72fe2','c42ee0800f8a8a5b6046048ff81124f3c47d8afc64cc79bd02536c6ff47d7119');
INSERT INTO "events" VALUES(28,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00','worker','enqueued','{}','c42ee0800f8a8a5b6046048ff81124f3c47d8afc64cc79bd02536c6ff47d7119','ad324c49ef581adf4e07befc2130600af015219408c70f32dbe842e5f87c9766');
INSERT INTO "events" VALUES(29,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00','province','refused','{"answer": "d2"}','ad324c49ef581adf4e07befc2130600af015219408c70f32dbe842e5f87c9766','43574e85a7af95b18d972bd8b5157e7c3432329601473596f2d7c4f6f6510934');
INSERT INTO "events" VALUES(30,'019a0000-0000-7000-8000-000000000008','2026-11-21T02:00:00+00:00','intake','received','{"name": "quét 001.pdf"}','43574e85a7af95b18d972bd8b5157e7c3432329601473596f2d7c4f6f6510934','840a3a1e37552c9ddc0a01523b971c58e6c4df1ecce058981057e26f94847464');
INSERT INTO "events" VALUES(31,'019a0000-0000-7000-8000-000000000008','2026-11-21T02:00:00+00:00','worker','suspected-secret','{"code": "suspected-secret"}','840a3a1e37552c9ddc0a01523b971c58e6c4df1ecce058981057e26f94847464','5125c2d5cb300048c73fa50e92e425ffe1631804718a949f23bf1300ba80b83d');
CREATE TABLE held_files (
            path TEXT PRIMARY KEY,
            folder TEXT NOT NULL,
            name TEXT NOT NULL,
            code TEXT NOT NULL,
            params TEXT NOT NULL,
            since TEXT NOT NULL
        ) STRICT
    ;
INSERT INTO "held_files" VALUES('/den/cach-ly/a.pdf','den','a.pdf','truncated','{}','2026-11-21T02:00:00+00:00');
CREATE TABLE outbox (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            document_id TEXT NOT NULL REFERENCES documents (id),
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            meta TEXT NOT NULL,
            queued_at TEXT NOT NULL,
            answer TEXT CHECK (answer IN ('accepted', 'refused')),
            answer_bytes BLOB,
            answered_at TEXT
        ) STRICT
    ;
INSERT INTO "outbox" VALUES(1,'019a0000-0000-7000-8000-000000000005','8e7216cc9814d18f1de23df546d514078cc2768c6e2e5554ee423c1a487abff2',16,0,'{"kind": "incoming-scan"}','2026-11-21T02:00:00+00:00',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(2,'019a0000-0000-7000-8000-000000000006','bb14d4845084ca48ce468c2d49aa724591f795a786978bca47cba859400a2a09',25,0,'{"kind": "outgoing"}','2026-11-21T02:00:00+00:00','accepted',X'D2','2026-11-21T02:00:00+00:00');
INSERT INTO "outbox" VALUES(3,'019a0000-0000-7000-8000-000000000007','ff995d654ceec0a2310fa44002e55be58cc30e1438465a2c4b128e50321505df',16,0,'{"kind": "incoming-scan"}','2026-11-21T02:00:00+00:00','refused',X'D2','2026-11-21T02:00:00+00:00');
CREATE VIRTUAL TABLE page_search USING fts5 (folded, document_id UNINDEXED, tokenize = 'unicode61');
INSERT INTO "page_search" VALUES('uy ban nhan dan xa duong lam','019a0000-0000-7000-8000-000000000002');
INSERT INTO "page_search" VALUES('uy ban nhan dan xa duong lam','019a0000-0000-7000-8000-000000000003');
INSERT INTO "page_search" VALUES('uy ban nhan dan xa duong lam','019a0000-0000-7000-8000-000000000004');
INSERT INTO "page_search" VALUES('uy ban nhan dan xa duong lam','019a0000-0000-7000-8000-000000000005');
INSERT INTO "page_search" VALUES('uy ban nhan dan xa duong lam','019a0000-0000-7000-8000-000000000006');
INSERT INTO "page_search" VALUES('uy ban nhan dan xa duong lam','019a0000-0000-7000-8000-000000000007');
CREATE TABLE page_texts (
            document_id TEXT NOT NULL REFERENCES documents (id),
            page INTEGER NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (document_id, page)
        ) STRICT
    ;
INSERT INTO "page_texts" VALUES('019a0000-0000-7000-8000-000000000002',1,'Ủy ban nhân dân xã Đường Lâm');
INSERT INTO "page_texts" VALUES('019a0000-0000-7000-8000-000000000003',1,'Ủy ban nhân dân xã Đường Lâm');
INSERT INTO "page_texts" VALUES('019a0000-0000-7000-8000-000000000004',1,'Ủy ban nhân dân xã Đường Lâm');
INSERT INTO "page_texts" VALUES('019a0000-0000-7000-8000-000000000005',1,'Ủy ban nhân dân xã Đường Lâm');
INSERT INTO "page_texts" VALUES('019a0000-0000-7000-8000-000000000006',1,'Ủy ban nhân dân xã Đường Lâm');
INSERT INTO "page_texts" VALUES('019a0000-0000-7000-8000-000000000007',1,'Ủy ban nhân dân xã Đường Lâm');
CREATE TABLE register_numbers (
            register TEXT NOT NULL,
            year INTEGER NOT NULL,
            number INTEGER NOT NULL,
            document_id TEXT NOT NULL UNIQUE REFERENCES documents (id),
            allocated_at TEXT NOT NULL,
            PRIMARY KEY (register, year, number)
        ) STRICT
    ;
INSERT INTO "register_numbers" VALUES('di',2026,1,'019a0000-0000-7000-8000-000000000003','2026-11-21T02:00:00+00:00');
INSERT INTO "register_numbers" VALUES('den',2026,1,'019a0000-0000-7000-8000-000000000004','2026-11-21T02:00:00+00:00');
INSERT INTO "register_numbers" VALUES('den',2026,2,'019a0000-0000-7000-8000-000000000005','2026-11-21T02:00:00+00:00');
INSERT INTO "register_numbers" VALUES('di',2026,2,'019a0000-0000-7000-8000-000000000006','2026-11-21T02:00:00+00:00');
INSERT INTO "register_numbers" VALUES('den',2026,3,'019a0000-0000-7000-8000-000000000007','2026-11-21T02:00:00+00:00');
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX documents_by_step ON documents (step, priority DESC, received_at) WHERE step IS NOT NULL;
CREATE INDEX documents_by_original ON documents (original_sha256);
CREATE INDEX documents_by_time ON documents (received_at DESC);
CREATE INDEX documents_by_state ON documents (state, received_at);
CREATE INDEX events_by_document ON events (document_id, sequence);
CREATE UNIQUE INDEX outbox_waiting ON outbox (document_id) WHERE answer IS NULL;
CREATE INDEX outbox_by_document ON outbox (document_id, sequence);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',3);
COMMIT;
