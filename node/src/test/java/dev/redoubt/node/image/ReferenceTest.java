package dev.redoubt.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.protocol.Problem;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that become values: names, challenges, platforms, records. */
class ReferenceTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    @ParameterizedTest
    @CsvSource({
        "alpine, docker.io/library/alpine:latest",
        "alpine:3.20, docker.io/library/alpine:3.20",
        "me/app, docker.io/me/app:latest",
        "docker.io/alpine, docker.io/library/alpine:latest",
        "docker.io/me/app:1, docker.io/me/app:1",
        "host.example/app, host.example/app:latest",
        "host:5000/a/b/c:T_1.x, host:5000/a/b/c:T_1.x",
        "localhost/app, localhost/app:latest",
        "[::1]:5000/app:1, [::1]:5000/app:1",
        "127.0.0.1:5000/a__b/c-d:1, 127.0.0.1:5000/a__b/c-d:1",
    })
    void isWrittenOut(String text, String name) {
        assertThat(Reference.parse(text, ShortNames.CONVENTION).name()).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource({
        "alpine, mirror:5000/alpine:latest",
        "me/app:1, mirror:5000/me/app:1",
        "host.example/app, host.example/app:latest",
        "docker.io/alpine, docker.io/library/alpine:latest",
    })
    void aShortNameMeansTheRegistryOfTheSetting(String text, String name) {
        ShortNames setting = ShortNames.configured(Map.of("REDOUBT_REGISTRY", "mirror:5000"));

        assertThat(Reference.parse(text, setting).name()).isEqualTo(name);
        assertThat(Reference.parse(text, setting).host()).doesNotStartWith("docker.io");
    }

    @Test
    void withoutTheSettingShortNamesMeanWhatTheyMeanElsewhere() {
        assertThat(ShortNames.configured(Map.of())).isEqualTo(ShortNames.CONVENTION);
        assertThat(ShortNames.configured(Map.of("REDOUBT_REGISTRY", ""))).isEqualTo(ShortNames.CONVENTION);
        assertThatThrownBy(() -> ShortNames.configured(Map.of("REDOUBT_REGISTRY", "https://mirror/")))
                .isInstanceOf(Problem.class)
                .hasMessageContaining("REDOUBT_REGISTRY");
    }

    @Test
    void aDigestGoesBeforeTheTag() {
        Reference reference = Reference.parse("host.example/app:v1@sha256:" + HEX, ShortNames.CONVENTION);

        assertThat(reference.name()).isEqualTo("host.example/app@sha256:" + HEX);
        assertThat(reference.manifest()).isEqualTo("sha256:" + HEX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "@",
                "a b",
                "A",
                "a/",
                "/a",
                "a//b",
                "../a",
                "a/../b",
                "a:",
                "a:b:c",
                "a:-b",
                "a@sha256:12",
                "a@md5:12",
                "host:99999999/a",
                "a%2fb",
                "a?b",
                "a#b",
                "user:pw@host/a",
                "http://host/a",
                "host\n/a"
            })
    void whatIsNoName(String text) {
        assertThatThrownBy(() -> Reference.parse(text, ShortNames.CONVENTION)).isInstanceOf(ImageException.class);
    }

    @Test
    void challengesAreReadAsTheRfcSays() {
        List<Challenge> challenges = Challenge.parse(List.of(
                "Basic realm=\"a, \\\"b\\\"\", Bearer realm=\"https://t/x?a=b\",service=s , scope=\"r:x:pull,push\"",
                "Negotiate",
                "Digest"));

        assertThat(challenges)
                .containsExactly(
                        new Challenge("basic", Map.of("realm", "a, \"b\"")),
                        new Challenge(
                                "bearer", Map.of("realm", "https://t/x?a=b", "service", "s", "scope", "r:x:pull,push")),
                        new Challenge("negotiate", Map.of()),
                        new Challenge("digest", Map.of()));
        assertThat(Challenge.parse(List.of("=", "\"", "Bearer realm=\"unterminated", "x".repeat(10_000))))
                .allSatisfy(challenge -> assertThat(challenge.parameters()).isEmpty());
    }

    @Test
    void aPlatformWithoutAVariantTakesAny() {
        assertThat(Platform.parse("linux/arm64").accepts(Platform.parse("linux/arm64/v8")))
                .isTrue();
        assertThat(Platform.parse("linux/arm64/v7").accepts(Platform.parse("linux/arm64/v8")))
                .isFalse();
        assertThat(Platform.parse("linux/arm64").accepts(Platform.parse("linux/amd64")))
                .isFalse();
        assertThatThrownBy(() -> Platform.parse("linux")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void credentialsDoNotShowThePassword() {
        Credentials credentials = new Credentials("me", "sesame", java.util.Set.of());

        assertThat(new PullOptions(Platform.host(), false, java.util.Optional.of(credentials)).toString())
                .doesNotContain("sesame");
        assertThat(credentials.mayGoTo("auth.host.example", "host.example")).isTrue();
        assertThat(credentials.mayGoTo("nothost.example", "host.example")).isFalse();
        assertThat(credentials.mayGoTo("host.example.evil", "host.example")).isFalse();
    }

    @Test
    void aRecordSurvivesItsText() {
        Digest digest = new Digest(HEX);
        ImageRecord image = new ImageRecord(
                digest,
                List.of(new ImageRecord.Part(digest, Digest.of("key"), 7)),
                new ImageConfig(List.of("A=\n\\n b", "B="), List.of(" "), List.of("", "\\"), "", "/w\u00e9"),
                Platform.parse("linux/arm64/v8"),
                java.time.Instant.parse("2024-01-02T03:04:05.000000006Z"),
                "pulled");

        assertThat(ImageRecord.parse(image.text())).contains(image);
        assertThat(ImageRecord.parse("redoubt-image 1\n")).isEmpty();
        assertThat(ImageRecord.parse(image.text().replace("layer sha256", "layer md5")))
                .isEmpty();
    }
}
