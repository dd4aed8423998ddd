// SPDX-License-Identifier: Apache-2.0
package org.example.anpr;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads, the numbers seen and the offsets reached, in one file: a transaction holds all three, so that whenever this program
 * is killed, it goes on exactly where its reads end. Offsets committed to Kafka would be ahead or behind.
 */
final class Store implements AutoCloseable {
    private static final String[] SCHEMA = {
        "PRAGMA locking_mode = EXCLUSIVE",      // two consumers of one store would undo each other
        "PRAGMA journal_mode = TRUNCATE",       // a write-ahead log or a kept journal would keep deleted reads
        "PRAGMA secure_delete = ON",            // what is deleted is overwritten, not only unlinked
        "PRAGMA synchronous = FULL",
        "CREATE TABLE IF NOT EXISTS positions (topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition))",
        "CREATE TABLE IF NOT EXISTS numbers (topic TEXT, partition INTEGER, partner TEXT, next INTEGER, sequence INTEGER, "
            + "PRIMARY KEY (topic, partition, partner))",
        "CREATE TABLE IF NOT EXISTS reads (topic TEXT, partition INTEGER, offset INTEGER, keep_until_ms INTEGER, value BLOB, "
            + "PRIMARY KEY (topic, partition, offset))",
        "CREATE INDEX IF NOT EXISTS reads_keep_until ON reads (keep_until_ms)",
    };

    private final Connection db;

    Store(String path) throws SQLException {
        db = DriverManager.getConnection("jdbc:sqlite:" + path);
        for (String sql : SCHEMA) {
            try (Statement s = db.createStatement()) {
                s.execute(sql);
            }
        }
    }

    private PreparedStatement prepare(String sql, Object... values) throws SQLException {
        PreparedStatement s = db.prepareStatement(sql);
        for (int i = 0; i < values.length; i++) {
            s.setObject(i + 1, values[i]);
        }
        return s;
    }

    private int change(String sql, Object... values) throws SQLException {
        try (PreparedStatement s = prepare(sql, values)) {
            return s.executeUpdate();
        }
    }

    void begin() throws SQLException {
        db.setAutoCommit(false);
    }

    void commit() throws SQLException {
        db.commit();
        db.setAutoCommit(true);
    }

    /** Where to go on; null: it has nothing of this partition. */
    Long position(TopicPartition p) throws SQLException {
        try (PreparedStatement s = prepare("SELECT next FROM positions WHERE topic = ? AND partition = ?", p.topic(), p.partition());
                ResultSet r = s.executeQuery()) {
            return r.next() ? r.getLong(1) : null;
        }
    }

    void reached(String topic, int partition, long next) throws SQLException {
        change("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", topic, partition, next);
    }

    /** The partition_sequence expected next, and the last sequence; null: nothing was seen. */
    long[] numbers(String topic, int partition, String partner) throws SQLException {
        try (PreparedStatement s = prepare("SELECT next, sequence FROM numbers WHERE topic = ? AND partition = ? AND partner = ?",
                        topic, partition, partner);
                ResultSet r = s.executeQuery()) {
            return r.next() ? new long[] {r.getLong(1), r.getLong(2)} : null;
        }
    }

    void number(String topic, int partition, String partner, long next, long sequence) throws SQLException {
        change("INSERT OR REPLACE INTO numbers VALUES (?, ?, ?, ?, ?)", topic, partition, partner, next, sequence);
    }

    void add(ConsumerRecord<byte[], byte[]> r, long keepUntilMs) throws SQLException {
        change("INSERT INTO reads VALUES (?, ?, ?, ?, ?)", r.topic(), r.partition(), r.offset(), keepUntilMs, r.value());
    }

    int deleteExpired() throws SQLException {
        return change("DELETE FROM reads WHERE keep_until_ms <= ?", System.currentTimeMillis());
    }

    /**
     * Partners of whom the partitions, all read to their ends, have fewer reads than the topic was given: sequence counts a
     * partner's reads on the topic, partition_sequence those in each partition, both from 1. Where a partition has nothing of
     * a partner any more, there is nothing to compare.
     */
    Map<String, long[]> behind(String topic, int partitions) throws SQLException {
        Map<String, long[]> found = new HashMap<>();
        try (PreparedStatement s = prepare("SELECT partner, SUM(next - 1), MAX(sequence) FROM numbers WHERE topic = ? "
                        + "GROUP BY partner HAVING COUNT(*) = ? AND SUM(next - 1) != MAX(sequence)", topic, partitions);
                ResultSet r = s.executeQuery()) {
            while (r.next()) {
                found.put(r.getString(1), new long[] {r.getLong(2), r.getLong(3)});
            }
        }
        return found;
    }

    @Override
    public void close() throws SQLException {
        db.close();
    }
}
