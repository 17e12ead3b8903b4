-- list export-control: Export control: O'Brien & <Söhne>
-- ipv4: 5 entries, 49,807,360 addresses
-- ipv6: 2 entries, 79,228,162,514,264,337,593,543,950,336 addresses
-- policy sha256:1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f
-- source apnic of 2018-10-12, sha256:2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e
-- source ripencc of 2018-10-13, sha256:3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d3d
-- the country of an address is where it is registered, not where it is used
CREATE TABLE IF NOT EXISTS blockc_country_ipv4 (
    first_address BIGINT NOT NULL PRIMARY KEY,
    last_address BIGINT NOT NULL,
    country VARCHAR(16) NOT NULL
);
CREATE TABLE IF NOT EXISTS blockc_country_ipv6 (
    first_address CHAR(32) NOT NULL PRIMARY KEY,
    last_address CHAR(32) NOT NULL,
    country VARCHAR(16) NOT NULL
);
BEGIN;
DELETE FROM blockc_country_ipv4;
INSERT INTO blockc_country_ipv4 (first_address, last_address, country) VALUES
(16777216, 16777471, 'AU'),
(16777472, 16778239, 'CN'),
(16778240, 33554431, 'AU'),
(33554432, 34603007, 'EU'),
(35127296, 67108863, 'EU');
DELETE FROM blockc_country_ipv6;
INSERT INTO blockc_country_ipv6 (first_address, last_address, country) VALUES
('20010200000000000000000000000000', '200102007fffffffffffffffffffffff', 'JP'),
('20010200800000000000000000000000', '20010200ffffffffffffffffffffffff', 'US');
COMMIT;
