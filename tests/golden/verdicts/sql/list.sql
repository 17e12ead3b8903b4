-- list export-control: Export control: O'Brien & <Söhne>
-- ipv4: 5 entries, 16,776,961 addresses
-- ipv6: 3 entries, 79,226,953,588,444,722,964,369,244,161 addresses
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
(167772160, 167837695, 'block'),
(167837696, 167838207, 'monitor'),
(167838211, 167838211, 'warn'),
(167838464, 167903231, 'monitor'),
(167903232, 184549375, 'block');
DELETE FROM blockc_export_control_ipv6;
INSERT INTO blockc_export_control_ipv6 (first_address, last_address, verdict) VALUES
('20010db8000000000000000000000000', '20010db80007ffffffffffffffffffff', 'warn'),
('20010db8000800000000000000000001', '20010db8000800000000000000000001', 'block'),
('20010db8000900000000000000000000', '20010db8ffffffffffffffffffffffff', 'warn');
COMMIT;
