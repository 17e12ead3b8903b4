-- list export-control: Export control: O'Brien & <Söhne>
-- ipv4: 2 entries, 2 addresses
-- ipv6: 2 entries, 2 addresses
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
(0, 0, 'block'),
(4294967295, 4294967295, 'block');
DELETE FROM blockc_export_control_ipv6;
INSERT INTO blockc_export_control_ipv6 (first_address, last_address, verdict) VALUES
('00000000000000000000000000000000', '00000000000000000000000000000000', 'block'),
('ffffffffffffffffffffffffffffffff', 'ffffffffffffffffffffffffffffffff', 'block');
COMMIT;
