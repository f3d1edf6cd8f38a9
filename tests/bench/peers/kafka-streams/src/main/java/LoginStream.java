// SPDX-License-Identifier: BSD-2-Clause
//
// LoginStream: does the work of `kcat-in | loginclean | kcat-out --key user_id` in Kafka Streams, as a
// peer for tests/bench/run. With --count it makes one insight instead: logins by device type and hour.
//
//     java -cp 'classes:jars/*' LoginStream --in TOPIC --out TOPIC [--group GROUP] [--count]
//         [--guarantee at-least-once|exactly-once] [--interval MS] [--follow]
//
// The brokers are in BOOTSTRAP_SERVERS. It drops what is not a JSON object with a user_id, and fills in a
// missing or empty device_type. All other records pass as the bytes they were. --interval is the time
// between commits. Without --follow it stops at the end that the topic had when it started. Its state is in
// a new folder in java.io.tmpdir.
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

public final class LoginStream {
    private static final JsonFactory JSON = new JsonFactory();
    private static final ObjectMapper MAPPER = new ObjectMapper(JSON);

    /** Where each partition ends; a partition that has been read up to there is removed. */
    private final Map<Integer, Long> ends = new ConcurrentHashMap<>();
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile Throwable failure;

    private record Login(String user, String device, byte[] value) {}

    /** Checks all of the JSON, and keeps its bytes if nothing is to be filled in. */
    private static Login clean(byte[] value) throws IOException {
        String user = "";
        String device = "";
        try (JsonParser parser = JSON.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("not an object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken token = parser.nextToken();
                if (token == JsonToken.VALUE_STRING && name.equals("user_id")) {
                    user = parser.getText();
                } else if (token == JsonToken.VALUE_STRING && name.equals("device_type")) {
                    device = parser.getText();
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.nextToken() != null) {
                throw new IOException("more after the object");
            }
        }
        if (user.isEmpty()) {
            throw new IOException("no user_id");
        }
        if (!device.isEmpty()) {
            return new Login(user, device, value);
        }
        ObjectNode event = (ObjectNode) MAPPER.readTree(value);
        device = guess(event);
        event.put("device_type", device);
        return new Login(user, device, MAPPER.writeValueAsBytes(event));
    }

    private static String guess(ObjectNode event) {
        String agent = (event.path("user_agent").asText() + event.path("os").asText()).toLowerCase(Locale.ROOT);
        if (agent.contains("android")) {
            return "android";
        }
        return agent.contains("iphone") || agent.contains("ios") ? "iOS" : "unknown";
    }

    private void passed(int partition, long offset) {
        Long end = ends.get(partition);
        if (end != null && offset + 1 >= end && ends.remove(partition) != null && ends.isEmpty()) {
            done.countDown();
        }
    }

    /** The key of what it forwards is the user, or the device type if it is for a count. */
    private final class Cleaner implements Processor<byte[], byte[], String, byte[]> {
        private final boolean count;
        private ProcessorContext<String, byte[]> context;

        Cleaner(boolean count) {
            this.count = count;
        }

        @Override
        public void init(ProcessorContext<String, byte[]> context) {
            this.context = context;
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            var from = context.recordMetadata().orElseThrow();
            try {
                Login login = clean(record.value());
                String key = count ? login.device() : login.user();
                context.forward(new Record<>(key, login.value(), record.timestamp()));
            } catch (IOException e) {
                System.err.printf("kafka-streams: %s [%d] at %d: dropped: %s%n", from.topic(), from.partition(),
                        from.offset(), e.getMessage());
            }
            passed(from.partition(), from.offset());
        }
    }

    private void build(StreamsBuilder builder, Options o) {
        KStream<String, byte[]> logins = builder
                .stream(o.in, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
                .process(() -> new Cleaner(o.count));
        if (!o.count) {
            logins.to(o.out, Produced.with(Serdes.String(), Serdes.ByteArray()));
            return;
        }
        logins.groupByKey(Grouped.with(Serdes.String(), Serdes.ByteArray()))
                .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofHours(1)))
                .count()
                .toStream((window, count) -> window.window().startTime() + "/" + window.key())
                .to(o.out, Produced.with(Serdes.String(), Serdes.Long()));
    }

    private void findEnds(String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers()))) {
            Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
            admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()
                    .forEach(p -> wanted.put(new TopicPartition(topic, p.partition()), OffsetSpec.latest()));
            admin.listOffsets(wanted).all().get().forEach((partition, end) -> {
                if (end.offset() > 0) {
                    ends.put(partition.partition(), end.offset());
                }
            });
        }
    }

    private static String brokers() {
        return System.getenv("BOOTSTRAP_SERVERS");
    }

    private static Properties settings(Options o, Path state) {
        Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, o.group);
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers());
        p.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        p.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                o.guarantee.equals("exactly-once") ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, o.interval);
        p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Runtime.getRuntime().availableProcessors());
        p.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        p.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 10_000);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64 * 1024 * 1024);
        p.put(StreamsConfig.producerPrefix(ProducerConfig.ACKS_CONFIG), "all");
        return p;
    }

    private void run(Options o) throws Exception {
        if (!o.follow) {
            findEnds(o.in);
            if (ends.isEmpty()) {
                return;
            }
        }
        StreamsBuilder builder = new StreamsBuilder();
        build(builder, o);
        Path state = Files.createTempDirectory("kafka-streams");
        KafkaStreams streams = new KafkaStreams(builder.build(), settings(o, state));
        streams.setUncaughtExceptionHandler(e -> {
            failure = e;
            done.countDown();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close)); // after a signal
        streams.start();
        done.await();
        streams.close(); // commits
        streams.cleanUp();
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    private static final class Options {
        String in;
        String out;
        String group = "kafka-streams";
        String guarantee = "at-least-once";
        int interval = 1000;
        boolean follow;
        boolean count;

        Options(String[] words) {
            for (int i = 0; i < words.length; i++) {
                switch (words[i]) {
                    case "--in" -> in = words[++i];
                    case "--out" -> out = words[++i];
                    case "--group" -> group = words[++i];
                    case "--guarantee" -> guarantee = words[++i];
                    case "--interval" -> interval = Integer.parseInt(words[++i]);
                    case "--follow" -> follow = true;
                    case "--count" -> count = true;
                    default -> throw new IllegalArgumentException(words[i]);
                }
            }
        }
    }

    public static void main(String[] words) throws Exception {
        new LoginStream().run(new Options(words));
    }
}
