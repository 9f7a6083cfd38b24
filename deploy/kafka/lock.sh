#!/bin/sh
# Writes jars.lock anew: lock.sh KAFKA_VERSION SLF4J_VERSION (the slf4j version is that of Kafka's own slf4j-api).
# The only place that needs Maven, and only whoever moves to another Kafka runs it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
cd "$scratch"
cat >pom.xml <<POM
<project><modelVersion>4.0.0</modelVersion><groupId>tocsin</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$1</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>$2</version></dependency>
</dependencies></project>
POM
mvn -q -B dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=jars -Dmdep.useRepositoryLayout=true
cat >jars.lock <<HEAD
# The jars of one Apache Kafka broker: Maven coordinates (group:artifact:version) and the SHA-256 of each jar.
# kafka_2.13 $1 with its runtime dependencies, and slf4j-simple in the version of slf4j-api that Kafka brings,
# without which the broker logs nothing. Made by \`deploy/kafka/lock.sh\`; a jar with another sum is never used.
HEAD
(cd jars && find . -name '*.jar' | LC_ALL=C sort) | while read -r jar; do
  folder=$(dirname "${jar#./}"); name=$(dirname "$folder")
  sum=$(python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "jars/$jar")
  echo "$(dirname "$name" | tr / .):$(basename "$name"):$(basename "$folder") $sum"
done >>jars.lock
mv jars.lock "$here/jars.lock"
