// SPDX-License-Identifier: Apache-2.0
package org.example.anpr;

import anpr.v1.ReadOuterClass.SharedRead;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A consumer of the police topic, to build your own from: it takes each read once into an SQLite file, says where reads
 * are missing or came twice, and deletes each read when its time has come. What you do with the reads is not here.
 * deploy/samples/README.md says why each of these things is done; the samples in Python and C are the same in other words.
 */
public final class Consumer {
    private static final int WHOLE = 0, CANNOT = 1, USAGE = 2, FAULTS = 3;
    private static final long SETTLE_MS = 10_000;      // a transaction shows in one partition after the other
    private static final List<String> WRONG = List.of("missing", "twice", "disorder", "behind", "malformed");
    private static final String USAGE_TEXT = """
            usage: consumer --kafka HOST:PORT --ca FILE --cert FILE --key FILE --topic TOPIC --store FILE [--until-end]

            Take the reads of a topic into an SQLite file, each once, and delete each when its time has come.

            Exit codes: 0 all was well; 1 it could not go on; 2 usage; 3 reads were missing, came twice or were
            malformed, as told. SIGTERM ends it cleanly.""";

    private final Map<String, String> options;
    private final Store store;
    private final KafkaConsumer<byte[], byte[]> kafka;
    private final Map<String, Long> counts = new HashMap<>();
    private final Map<String, Long> since = new HashMap<>(), told = new HashMap<>();
    private volatile boolean stop;

    private Consumer(Map<String, String> options, Store store) throws Exception {
        this.options = options;
        this.store = store;
        Properties settings = new Properties();
        settings.put("bootstrap.servers", options.get("kafka"));
        settings.put("security.protocol", "SSL");
        settings.put("ssl.truststore.type", "PEM");
        settings.put("ssl.truststore.location", options.get("ca"));
        settings.put("ssl.keystore.type", "PEM");
        settings.put("ssl.keystore.certificate.chain", Files.readString(Path.of(options.get("cert"))));
        settings.put("ssl.keystore.key", Files.readString(Path.of(options.get("key"))));
        settings.put("isolation.level", "read_committed");      // the default is not; what was aborted was never shared
        settings.put("enable.auto.commit", "false");            // where it is lies with the reads
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", "500");
        settings.put("default.api.timeout.ms", "5000");
        settings.put("key.deserializer", ByteArrayDeserializer.class);
        settings.put("value.deserializer", ByteArrayDeserializer.class);
        kafka = new KafkaConsumer<>(settings);
    }

    /** Never a number plate, nor bytes of a record: logs are kept longer, and seen by more people, than reads may be. */
    private static void say(String format, Object... arguments) {
        System.err.println(String.format(format, arguments));
    }

    private void count(String what, long n) {
        counts.merge(what, n, Long::sum);
    }

    // All partitions, from where the store ends. No consumer group: its offsets would lie in Kafka, apart from the reads,
    // and a killed member holds its partitions for the rest of its session.
    private List<TopicPartition> assign() throws SQLException {
        List<PartitionInfo> found = List.of();
        while (found.isEmpty() && !stop) {
            try {
                found = kafka.partitionsFor(options.get("topic"));
            } catch (org.apache.kafka.common.errors.TimeoutException e) {
                continue;       // brokers come and go
            }
        }
        List<TopicPartition> partitions = found.stream().map(p -> new TopicPartition(p.topic(), p.partition())).toList();
        kafka.assign(partitions);
        for (TopicPartition p : partitions) {
            Long next = store.position(p);
            if (next == null) {
                kafka.seekToBeginning(List.of(p));
            } else {
                kafka.seek(p, next);
            }
        }
        return partitions;
    }

    /** A read with all that is needed to number and to delete it; null if it is none. */
    private static SharedRead decode(byte[] value) {
        try {
            SharedRead read = SharedRead.parseFrom(value == null ? new byte[0] : value);
            boolean whole = !read.getPartnerId().isEmpty() && read.getPartitionSequence() > 0 && read.getSequence() > 0
                    && read.hasKeepUntilMs();
            return whole ? read : null;
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            return null;
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record) throws SQLException {
        SharedRead read = decode(record.value());
        store.reached(record.topic(), record.partition(), record.offset() + 1);
        if (read == null) {
            count("malformed", 1);
            say("MALFORMED: %s partition %d offset %d: no read; skipped", record.topic(), record.partition(), record.offset());
        } else if (check(record, read)) {
            // A read may still be on the topic when its time is over; then it is not ours to have.
            boolean expired = read.getKeepUntilMs() <= System.currentTimeMillis();
            count(expired ? "expired" : "stored", 1);
            if (!expired) {
                store.add(record, read.getKeepUntilMs());
            }
        }
    }

    /**
     * Whether the read is new. partition_sequence of a partner rises by one in a partition, and sequence rises with it.
     * The first seen is taken as it comes: older reads may have left the topic already.
     */
    private boolean check(ConsumerRecord<byte[], byte[]> record, SharedRead read) throws SQLException {
        String where = String.format("%s partition %d: %s", record.topic(), record.partition(), read.getPartnerId());
        long number = read.getPartitionSequence();
        long[] seen = store.numbers(record.topic(), record.partition(), read.getPartnerId());
        long expected = seen == null ? number : seen[0], before = seen == null ? 0 : seen[1];
        if (number < expected) {
            count("twice", 1);
            say("TWICE: %s: expected %d, found %d; not stored again", where, expected, number);
            return false;
        }
        if (number > expected) {
            count("missing", number - expected);
            say("MISSING: %s: expected %d, found %d", where, expected, number);
        }
        if (read.getSequence() <= before) {
            count("disorder", 1);
            say("DISORDER: %s: sequence %d after %d", where, read.getSequence(), before);
        }
        store.number(record.topic(), record.partition(), read.getPartnerId(), number + 1, Math.max(before, read.getSequence()));
        return true;
    }

    private boolean atEnd(List<TopicPartition> partitions) {
        Map<TopicPartition, Long> ends = kafka.endOffsets(partitions);      // of what is committed
        return partitions.stream().allMatch(p -> kafka.position(p) >= ends.get(p));
    }

    /** Whether all that was given is there, or has been told: what lacks at the end of all partitions for long is missing. */
    private boolean settled(int partitions) throws SQLException {
        Map<String, long[]> behind = store.behind(options.get("topic"), partitions);
        since.keySet().retainAll(behind.keySet());
        boolean settled = true;
        for (Map.Entry<String, long[]> one : behind.entrySet()) {
            long there = one.getValue()[0], given = one.getValue()[1], lacking = given - there;
            long begun = since.computeIfAbsent(one.getKey(), k -> System.nanoTime());
            if (System.nanoTime() - begun > SETTLE_MS * 1_000_000 && !Long.valueOf(lacking).equals(told.get(one.getKey()))) {
                told.put(one.getKey(), lacking);
                count("behind", 1);
                say("BEHIND: %s: %s: sequence is %d, the partitions have %d", options.get("topic"), one.getKey(), given, there);
            }
            settled &= Long.valueOf(lacking).equals(told.get(one.getKey()));
        }
        return settled;
    }

    private int run() throws SQLException {
        count("deleted", store.deleteExpired());        // before anything else: this may have been down for days
        List<TopicPartition> partitions = assign();
        while (!stop) {
            var records = kafka.poll(Duration.ofSeconds(1));
            if (!records.isEmpty()) {
                store.begin();
                for (ConsumerRecord<byte[], byte[]> record : records) {
                    take(record);
                }
                store.commit();
            }
            count("deleted", store.deleteExpired());
            if (records.isEmpty() && atEnd(partitions) && settled(partitions.size()) && options.containsKey("until-end")) {
                break;
            }
        }
        List<String> names = new java.util.ArrayList<>(List.of("stored", "expired", "deleted"));
        names.addAll(WRONG);
        say("%s", String.join("; ", names.stream().map(n -> counts.getOrDefault(n, 0L) + " " + n).toList()));
        return WRONG.stream().anyMatch(n -> counts.getOrDefault(n, 0L) > 0) ? FAULTS : WHOLE;
    }

    private static Map<String, String> parse(String[] arguments) {
        Map<String, String> options = new TreeMap<>();
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i].equals("--until-end")) {
                options.put("until-end", "");
            } else if (List.of("--kafka", "--ca", "--cert", "--key", "--topic", "--store").contains(arguments[i])
                    && i + 1 < arguments.length) {
                options.put(arguments[i].substring(2), arguments[++i]);
            } else {
                return null;
            }
        }
        return options.keySet().containsAll(List.of("kafka", "ca", "cert", "key", "topic", "store")) ? options : null;
    }

    public static void main(String[] arguments) {
        if (arguments.length == 1 && arguments[0].equals("--help")) {
            System.out.println(USAGE_TEXT);
            System.exit(WHOLE);
        }
        Map<String, String> options = parse(arguments);
        if (options == null) {
            System.err.println(USAGE_TEXT);
            System.exit(USAGE);
        }
        // Not System.exit() while it runs: that waits for the hook, which waits for this thread.
        Runtime.getRuntime().halt(work(options));
    }

    private static int work(Map<String, String> options) {
        try (Store store = new Store(options.get("store"))) {
            Consumer consumer = new Consumer(options, store);
            Thread main = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                consumer.stop = true;
                try {
                    main.join();
                } catch (InterruptedException e) {
                    // it is ending anyway
                }
            }));
            try {
                return consumer.run();
            } finally {
                consumer.kafka.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(2)));
            }
        } catch (KafkaException e) {
            say("cannot go on: the broker and this certificate may not go together: %s", e.getMessage());
        } catch (Exception e) {
            say("cannot go on: %s", e.getMessage());
        }
        return CANNOT;
    }
}
