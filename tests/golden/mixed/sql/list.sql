-- list export-control: Export control: O'Brien & <Söhne>
-- ipv4: 3 entries, 449 addresses
-- ipv6: 2 entries, 79,229,371,440,083,952,222,718,656,513 addresses
-- policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
-- source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
-- source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
-- the country of an address is where it is registered, not where it is used
CREATE TABLE IF NOT EXISTS blockc_export_control_ipv4 (
    first_address BIGINT NOT NULL PRIMARY KEY,
    last_address BIGINT NOT NULL,
    verdict VARCHAR(16) NOT NULL
);
CREATE TABLE IF NOT EXISTS blockc_export_control_ipv6 (
    first_address CHAR(32) NOT NULL PRIMARY KEY,
    last_address CHAR(32) NOT NULL,
    verdict VARCHAR(16) NOT NULL
);
BEGIN;
DELETE FROM blockc_export_control_ipv4;
INSERT INTO blockc_export_control_ipv4 (first_address, last_address, verdict) VALUES
(3221225984, 3221226239, 'block'),
(3325256704, 3325256895, 'block'),
(3405803783, 3405803783, 'block');
DELETE FROM blockc_export_control_ipv6;
INSERT INTO blockc_export_control_ipv6 (first_address, last_address, verdict) VALUES
('20010db8000000000000000000000000', '20010db90000ffffffffffffffffffff', 'block'),
('20010db9000100000000000000000001', '20010db9000100000000000000000001', 'block');
COMMIT;
