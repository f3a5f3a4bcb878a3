#!/bin/sh
# Starts PostgreSQL so that BI tools reach it from outside: TLS alone, two roles alone, from named networks alone.
# Used by docker/bi.yml, in place of the image's command; runs as root, and hands over to the image's entrypoint.
#
# In: BI_NETWORKS, DATA_NETWORK, and the files of SECRETS_FOLDER (bi_tls_cert, bi_tls_key).
# Out: the server, with a key that it alone reads, and pg_hba.conf as below.
set -eu

secrets=${SECRETS_FOLDER:-/run/secrets}
made=${BI_FOLDER:-/run/bi}
: "${BI_NETWORKS:?the networks of BI tools, such as 10.20.0.0/16, separated by blanks}"
: "${DATA_NETWORK:?the network of the databases, such as 172.31.249.0/24}"

for network in $BI_NETWORKS; do
    case $network in
    */0 | all | 0.0.0.0* | ::/*)
        echo "BI_NETWORKS: $network is everywhere; name networks 不能是任意地址，请写明网段" >&2
        exit 1
        ;;
    */*) ;;
    *)
        echo "BI_NETWORKS: $network is no network such as 10.20.0.0/16 不是网段" >&2
        exit 1
        ;;
    esac
done
for file in bi_tls_cert bi_tls_key; do
    if [ ! -s "$secrets/$file" ]; then
        echo "$secrets/$file is missing or empty: docs/runbooks/production.md 缺少证书或私钥" >&2
        exit 1
    fi
done

mkdir -p "$made"
umask 077
cp "$secrets/bi_tls_cert" "$made/server.crt"
cp "$secrets/bi_tls_key" "$made/server.key" # the server refuses a key that others may read
{
    echo "# type  database  user  address  method: the first line that fits counts"
    echo "local all all trust" # as the image has it: docker compose exec
    echo "host qiangji qiangji_owner,qiangji_loader,qiangji_bi,qiangji_analyst,qiangji_board $DATA_NETWORK scram-sha-256"
    echo "host airflow airflow $DATA_NETWORK scram-sha-256"
    echo "host all county_systems $DATA_NETWORK scram-sha-256"
    for network in $BI_NETWORKS; do
        echo "hostssl qiangji qiangji_bi,qiangji_analyst $network scram-sha-256"
    done
    echo "host all all all reject"
} >"$made/pg_hba.conf"
if [ "$(id -u)" = 0 ]; then chown -R "${BI_OWNER:-postgres}" "$made"; fi

exec "${BI_START:-docker-entrypoint.sh}" postgres -c ssl=on -c ssl_min_protocol_version=TLSv1.2 \
    -c "ssl_cert_file=$made/server.crt" -c "ssl_key_file=$made/server.key" -c "hba_file=$made/pg_hba.conf"
