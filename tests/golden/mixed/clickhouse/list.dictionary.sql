CREATE OR REPLACE DICTIONARY blockc_export_control (
    network String,
    verdict String,
    list String
)
PRIMARY KEY network
SOURCE(FILE(path '/var/lib/clickhouse/user_files/list.csv' format 'CSVWithNames'))
LAYOUT(IP_TRIE)
LIFETIME(MIN 150 MAX 300);
