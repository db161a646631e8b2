package dev.redoubt.node.image.unpack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.linux.Directory;
import dev.redoubt.node.image.Scratch;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Every way out of the directory, or to exhaust the machine, that an archive can try; each beside a harmless twin. */
class HostileArchiveTest {
    private static final Limits LIMITS = new Limits(1 << 20, 100, 200);
    private static final String LONG_NAME = "n".repeat(256);

    /** {@code attack} is refused for {@code expected}; {@code control} is the same but harmless and is taken. */
    record Case(String name, Refusal expected, byte[] attack, byte[] control) {
        @Override
        public String toString() {
            return name;
        }
    }

    static final List<Case> CASES = cases();

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        paths(cases);
        links(cases);
        types(cases);
        whiteouts(cases);
        sizes(cases);
        damage(cases);
        return cases;
    }

    private static Case of(String name, Refusal expected, RawTar attack, RawTar control) {
        return new Case(name, expected, attack.archive(), control.archive());
    }

    private static RawTar tar() {
        return new RawTar();
    }

    private static void paths(List<Case> cases) {
        RawTar good = tar().file("a/b", "x");
        cases.add(of("absolute path", Refusal.ABSOLUTE_PATH, tar().file("/a/b", "x"), good));
        cases.add(of(
                "absolute path by pax",
                Refusal.ABSOLUTE_PATH,
                tar().pax("path=/a").file("a", "x"),
                good));
        cases.add(of("two slashes", Refusal.ABSOLUTE_PATH, tar().file("//a", "x"), tar().file("a//b", "x")));
        cases.add(of("parent path", Refusal.PARENT_PATH, tar().file("../a", "x"), tar().file("..a", "x")));
        cases.add(of("parent path inside", Refusal.PARENT_PATH, tar().file("a/../../b", "x"), good));
        cases.add(of("parent path at the end", Refusal.PARENT_PATH, tar().directory("a/.."), tar().directory("a/.")));
        cases.add(of(
                "parent path by pax",
                Refusal.PARENT_PATH,
                tar().pax("path=a/../b").file("a", "x"),
                good));
        cases.add(of("parent path by GNU long name", Refusal.PARENT_PATH, gnuLong("../a"), gnuLong("a")));
        cases.add(of("parent path by sparse name", Refusal.PARENT_PATH, sparseName("../a"), sparseName("a")));
        cases.add(of("empty name", Refusal.BAD_NAME, tar().file("", "x"), good));
        cases.add(
                of("NUL in a pax name", Refusal.BAD_NAME, tar().pax("path=a\0b").file("a", "x"), good));
        cases.add(of("root as a file", Refusal.BAD_NAME, tar().file("./.", "x"), tar().directory("./.")));
        cases.add(of("root as a link", Refusal.BAD_NAME, tar().symlink("./", "/"), tar().symlink("./a", "/")));
        cases.add(of("long component", Refusal.PATH_TOO_LONG, paxPath(LONG_NAME), paxPath(LONG_NAME.substring(1))));
        cases.add(of(
                "long path", Refusal.PATH_TOO_LONG, paxPath("a/".repeat(2048) + "b"), paxPath("a/".repeat(40) + "b")));
        cases.add(of(
                "deep path", Refusal.PATH_TOO_LONG, paxPath("a/".repeat(256) + "b"), paxPath("a/".repeat(60) + "b")));
        cases.add(of("below a file", Refusal.THROUGH_FILE, tar().file("a", "x").file("a/b", "x"), good));
    }

    private static RawTar paxPath(String path) {
        return tar().pax("path=" + path).file("a", "x");
    }

    private static RawTar gnuLong(String name) {
        return tar().entry('L', "././@LongLink", "", name + "\0").file("short", "x");
    }

    private static RawTar sparseName(String name) {
        return tar().pax("GNU.sparse.name=" + name).file("short", "x");
    }

    private static void links(List<Case> cases) {
        RawTar good = tar().directory("a").symlink("l", "/etc").file("a/b", "x");
        cases.add(of(
                "write through a link",
                Refusal.THROUGH_SYMLINK,
                tar().symlink("l", "/etc").file("l/b", "x"),
                good));
        cases.add(of(
                "write through a link inside",
                Refusal.THROUGH_SYMLINK,
                tar().directory("a").symlink("l", "a").file("l/b", "x"),
                good));
        cases.add(of(
                "write through a link to the parent",
                Refusal.THROUGH_SYMLINK,
                tar().symlink("l", "..").file("l/b", "x"),
                good));
        cases.add(of(
                "directory through a link",
                Refusal.THROUGH_SYMLINK,
                tar().symlink("l", "/tmp").directory("l/b/c"),
                good));
        cases.add(of(
                "whiteout through a link",
                Refusal.THROUGH_SYMLINK,
                tar().symlink("l", "/etc").file("l/.wh.passwd", ""),
                good));
        cases.add(of(
                "opaque through a link",
                Refusal.THROUGH_SYMLINK,
                tar().symlink("l", "/etc").file("l/.wh..wh..opq", ""),
                good));
        cases.add(of(
                "hard link made through a link",
                Refusal.THROUGH_SYMLINK,
                tar().file("a", "x").symlink("l", "/tmp").hardLink("l/b", "a"),
                good));
        RawTar linked = tar().file("a", "x").hardLink("b", "a");
        cases.add(of("hard link to a file outside", Refusal.HARD_LINK, tar().hardLink("b", "/etc/passwd"), linked));
        cases.add(of("hard link upwards", Refusal.HARD_LINK, tar().hardLink("b", "../../etc/passwd"), linked));
        cases.add(of("hard link to nothing", Refusal.HARD_LINK, tar().hardLink("b", "a"), linked));
        cases.add(of(
                "hard link to itself", Refusal.HARD_LINK, tar().file("a", "x").hardLink("a", "./a"), linked));
        cases.add(of(
                "hard link to a directory",
                Refusal.HARD_LINK,
                tar().directory("a").hardLink("b", "a"),
                linked));
        cases.add(of("hard link to the root", Refusal.HARD_LINK, tar().hardLink("b", "."), linked));
        cases.add(of("hard link without a target", Refusal.HARD_LINK, tar().hardLink("b", ""), linked));
        cases.add(of(
                "hard link to a whiteout",
                Refusal.HARD_LINK,
                tar().file(".wh.a", "").hardLink("b", "a"),
                linked));
        cases.add(of(
                "hard link through a link",
                Refusal.HARD_LINK,
                tar().symlink("l", "/etc").hardLink("b", "l/passwd"),
                linked));
        cases.add(of(
                "hard link through a link further up",
                Refusal.THROUGH_SYMLINK,
                tar().symlink("l", "/etc").hardLink("b", "l/ssl/openssl.cnf"),
                linked));
        cases.add(of("link without a target", Refusal.BAD_NAME, tar().symlink("l", ""), good));
        cases.add(
                of("link with NUL", Refusal.BAD_NAME, tar().pax("linkpath=a\0b").symlink("l", "x"), good));
    }

    private static void types(List<Case> cases) {
        RawTar good = tar().entry('6', "a", "", "");
        cases.add(of("character device", Refusal.DEVICE, tar().entry('3', "a", "", ""), good));
        cases.add(of("block device", Refusal.DEVICE, tar().entry('4', "a", "", ""), good));
        cases.add(of("unknown type", Refusal.UNKNOWN_TYPE, tar().entry('Z', "a", "", ""), good));
        cases.add(of(
                "owner 65536",
                Refusal.ID_RANGE,
                tar().owner(65_536, 0).file("a", ""),
                tar().owner(65_535, 0).file("a", "")));
        cases.add(of(
                "group 2^32 - 1", Refusal.ID_RANGE, tar().owner(0, 0xffffffffL).file("a", ""), good));
        cases.add(of(
                "owner by pax",
                Refusal.ID_RANGE,
                tar().pax("uid=4294967296").file("a", ""),
                tar().pax("uid=4").file("a", "")));
        cases.add(of(
                "file for a full directory",
                Refusal.DUPLICATE,
                tar().file("a/b", "x").file("a", "x"),
                tar().directory("a").file("a", "x")));
    }

    private static void whiteouts(List<Case> cases) {
        RawTar good = tar().file("a/.wh.b", "");
        cases.add(of("whiteout of nothing", Refusal.WHITEOUT, tar().file("a/.wh.", ""), good));
        cases.add(of("whiteout of the directory", Refusal.WHITEOUT, tar().file("a/.wh..", ""), good));
        cases.add(of("whiteout of the parent", Refusal.WHITEOUT, tar().file("a/.wh...", ""), good));
        cases.add(of("whiteout of a whiteout", Refusal.WHITEOUT, tar().file("a/.wh..wh.b", ""), good));
        cases.add(of("unknown mark", Refusal.WHITEOUT, tar().file(".wh..wh.plnk", ""), good));
        cases.add(of("whiteout as a parent", Refusal.WHITEOUT, tar().file(".wh.a/b", ""), good));
        cases.add(of("whiteout as a directory", Refusal.WHITEOUT, tar().directory(".wh.a"), good));
        cases.add(of("whiteout as a link", Refusal.WHITEOUT, tar().symlink(".wh.a", "b"), good));
        cases.add(of("opaque mark as a directory", Refusal.WHITEOUT, tar().directory("a/.wh..wh..opq"), good));
    }

    private static void sizes(List<Case> cases) {
        RawTar many = tar();
        for (int at = 0; at < 101; at++) {
            many.file("f" + at, "");
        }
        cases.add(of("too many entries", Refusal.TOO_MANY_ENTRIES, many, tar().file("f", "")));
        cases.add(of(
                "too many directories nobody described",
                Refusal.TOO_MANY_ENTRIES,
                paxPath("a/".repeat(101) + "b").file("c", ""),
                paxPath("a/".repeat(60) + "b").file("c", "")));
        String half = "x".repeat(600_000);
        cases.add(of("too many bytes", Refusal.TOO_BIG, tar().file("a", half).file("b", half), tar().file("a", half)));
        cases.add(of(
                "a promise of 8 EiB",
                Refusal.TOO_BIG,
                tar().header('0', "a", "", Long.MAX_VALUE >> 2),
                tar().file("a", "")));
        cases.add(
                of("holes of a terabyte", Refusal.TOO_BIG, sparse("0,1", 1L << 40, "x"), sparse("0,1", 1 << 19, "x")));
        RawTar sparse = sparse("0,1,4096,1", 5000, "xy");
        cases.add(of("sparse pieces overlap", Refusal.SPARSE, sparse("0,2,1,1", 5000, "xyz"), sparse));
        cases.add(of("sparse piece beyond the end", Refusal.SPARSE, sparse("4999,2", 5000, "xy"), sparse));
        cases.add(of("sparse pieces backwards", Refusal.SPARSE, sparse("4096,1,0,1", 5000, "xy"), sparse));
        cases.add(of("sparse pieces longer than the data", Refusal.SPARSE, sparse("0,100", 5000, "xy"), sparse));
        cases.add(of("sparse map with a hole", Refusal.SPARSE, sparse("0,1,5", 5000, "x"), sparse));
        cases.add(of("sparse offset overflows", Refusal.SPARSE, sparse("999999999999999999,1", 5000, "x"), sparse));
        cases.add(of(
                "extended header of 2 MiB",
                Refusal.BAD_HEADER,
                tar().header('x', "p", "", 2 << 20),
                tar().pax("comment=x").file("a", "")));
        cases.add(of("long name of 2 MiB", Refusal.BAD_HEADER, tar().header('L', "p", "", 2 << 20), gnuLong("a")));
        RawTar headers = tar();
        for (int at = 0; at < 9; at++) {
            headers.globalPax("comment=x");
        }
        cases.add(of(
                "headers without end",
                Refusal.BAD_HEADER,
                headers.file("a", ""),
                tar().globalPax("comment=x").file("a", "")));
    }

    private static RawTar sparse(String map, long size, String data) {
        return tar().pax("GNU.sparse.size=" + size, "GNU.sparse.map=" + map).file("s", data);
    }

    private static void damage(List<Case> cases) {
        RawTar good = tar().file("a", "x");
        byte[] wrongSum = good.archive();
        wrongSum[0] = 'b';
        cases.add(new Case("wrong checksum", Refusal.BAD_HEADER, wrongSum, good.archive()));
        byte[] text = "this is no archive".repeat(100).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        cases.add(new Case("no archive at all", Refusal.BAD_HEADER, text, good.archive()));
        cases.add(new Case("cut in a header", Refusal.TRUNCATED, cut(good, 100), good.archive()));
        cases.add(new Case(
                "cut in data", Refusal.TRUNCATED, cut(tar().file("a", "x".repeat(2000)), 1000), good.archive()));
        cases.add(new Case(
                "cut in skipped data",
                Refusal.TRUNCATED,
                tar().header('x', "p", "", 100).unfinished(),
                good.archive()));
        cases.add(of("pax length too long", Refusal.BAD_HEADER, badPax("99 a=b\n"), good));
        cases.add(of("pax length too short", Refusal.BAD_HEADER, badPax("2 a=b\n"), good));
        cases.add(of("pax length no number", Refusal.BAD_HEADER, badPax("x a=b\n"), good));
        cases.add(of("pax without equals", Refusal.BAD_HEADER, badPax("5 ab\n"), good));
        cases.add(of(
                "pax size no number", Refusal.BAD_HEADER, tar().pax("size=-1").file("a", "x"), good));
        cases.add(of(
                "a name for all files",
                Refusal.BAD_HEADER,
                tar().globalPax("path=a").file("b", "x"),
                good));
        cases.add(of("a negative size", Refusal.BAD_HEADER, negativeSize(), good));
    }

    private static byte[] cut(RawTar tar, int length) {
        return java.util.Arrays.copyOf(tar.archive(), length);
    }

    private static RawTar badPax(String text) {
        return tar().entry('x', "p", "", text).file("a", "x");
    }

    private static RawTar negativeSize() {
        byte[] header = java.util.Arrays.copyOf(tar().file("a", "").unfinished(), 512);
        java.util.Arrays.fill(header, 124, 136, (byte) 0xff);
        return tar().block(RawTar.sealed(header));
    }

    private Scratch scratch;
    private Path target;

    @BeforeEach
    void makeTarget() throws IOException {
        scratch = new Scratch();
        target = scratch.make("outer/target");
    }

    @AfterEach
    void removeTarget() {
        scratch.close();
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void isRefusedAndTouchesNothingOutside(Case hostile) throws IOException {
        String before = outside();

        Report report = unpack(hostile.attack());

        assertThat(report).isInstanceOf(Report.Refused.class);
        assertThat(((Report.Refused) report).refusal()).isEqualTo(hostile.expected());
        assertThat(outside()).isEqualTo(before);
    }

    @ParameterizedTest
    @FieldSource("CASES")
    void controlIsTaken(Case hostile) throws IOException {
        assertThat(unpack(hostile.control())).isInstanceOf(Report.Done.class);
    }

    /** The escapes are real: a program that follows archives to the letter is led out by the same bytes. */
    @Test
    void theSameArchivesLeadGnuTarOutside() throws IOException {
        Path victim = scratch.make("victim");
        Files.write(
                scratch.path("absolute.tar"),
                new RawTar().file(victim + "/absolute", "x").archive());
        Files.write(
                scratch.path("parent.tar"), new RawTar().file("../parent", "x").archive());
        Files.write(
                scratch.path("through.tar"),
                new RawTar()
                        .symlink("l", victim.toString())
                        .file("l/through", "x")
                        .archive());

        scratch.sh("for a in absolute parent through; do tar -C outer/target -xPf $a.tar; done");

        assertThat(victim.resolve("absolute")).exists();
        assertThat(scratch.path("outer/parent")).exists();
        assertThat(victim.resolve("through")).exists();
    }

    private Report unpack(byte[] archive) throws IOException {
        try (Directory directory = Directory.open(target)) {
            return LayerWriter.write(new ByteArrayInputStream(archive), directory, LIMITS);
        }
    }

    /** Everything beside the target, and what an archive of this test would love to change. */
    private String outside() throws IOException {
        StringBuilder facts = new StringBuilder();
        try (Stream<Path> beside = Files.list(scratch.path("outer"))) {
            beside.sorted().forEach(path -> facts.append(path).append('\n'));
        }
        for (String path : List.of("/etc", "/etc/passwd", "/")) {
            facts.append(Files.readAttributes(Path.of(path), "unix:mode,uid,gid,nlink,ino"));
        }
        // not the number of its directories: whoever else works here makes some
        facts.append(Files.readAttributes(Path.of("/tmp"), "unix:mode,uid,gid,ino"));
        return facts.toString();
    }
}
