using System.Globalization;
using System.Text;
using MlLifecycle.Datasets.Profiles;
using MlLifecycle.Datasets.Tables;
using Shouldly;
using Xunit;

namespace MlLifecycle.Datasets;

public sealed class Profiles_of_tables : IDisposable
{
    private readonly Files _files = new();

    [Fact]
    public void tell_types_missing_values_and_distribution()
    {
        var profile = Profile("""
            n,x,word,yes,day
            1,1.5,a,true,2026-01-02
            2,2.0,b,false,2026-01-01
            3,2.5,,true,
            4,10.0,bbbb,true,2026-03-01
            5,4.25,b,,2026-01-01
            -6,-3.0,b,true,2026-01-01
            7,7.0,a,false,2026-01-01

            """);
        profile.Rows.ShouldBe(7);
        profile.Columns.Select(c => (c.Name, c.Type, c.Missing, c.Unique)).ShouldBe(
            [("n", "integer", 0, 7), ("x", "number", 0, 7), ("word", "string", 1, 3), ("yes", "boolean", 1, 2), ("day", "timestamp", 1, 3)]);
        var x = profile.Columns[1];
        (x.Min, x.Max).ShouldBe(((object)-3.0, (object)10.0));
        // Python: statistics.mean, stdev and quantiles(n=20, method='inclusive')
        x.Mean!.Value.ShouldBe(3.4642857142857144, 1e-12);
        x.StdDev!.Value.ShouldBe(4.174397589843981, 1e-12);
        var q = x.Quantiles!;
        new[] { q.P5, q.P25, q.P50, q.P75, q.P95 }.Zip([-1.65, 1.75, 2.5, 5.625, 9.1]).ShouldAllBe(pair => Math.Abs(pair.First - pair.Second) < 1e-12);
        x.Histogram.ShouldNotBeNull().Sum(b => b.Count).ShouldBe(7);
        (x.Histogram![0].From, x.Histogram[^1].To, x.Histogram[^1].Count).ShouldBe((-3, 10, 1));
        profile.Columns[2].Top.ShouldBe([new("b", 3), new("a", 2), new("bbbb", 1)]);
        profile.Columns[2].Length.ShouldBe(new(1, 4, 1.5));
        profile.Columns[3].Top.ShouldBe([new("true", 4), new("false", 2)]);
        (profile.Columns[4].Min, profile.Columns[4].Max).ShouldBe(("2026-01-01", "2026-03-01"));
    }

    [Fact]
    public void count_values_that_are_no_numbers_apart()
    {
        var x = Profile("x\n1\nNaN\ninf\n-inf\n3\n\nNA\n").Columns[0];
        (x.Type, x.Missing, x.Infinite, x.Min, x.Max, x.Mean).ShouldBe(("number", 3, 2, 1.0, 3.0, 2.0));
    }

    [Fact]
    public void survive_numbers_at_the_edge()
    {
        var profile = Profile("a,b,c\n1e308,7,1\n-1e308,7,\n1e308,7,\n");
        (profile.Columns[0].Min, profile.Columns[0].Mean).ShouldBe((-1e308, null));
        profile.Columns[1].Histogram.ShouldBe([new(7, 7, 3)]);
        (profile.Columns[1].StdDev, profile.Columns[2].StdDev, profile.Columns[2].Mean).ShouldBe((0, null, 1));
    }

    [Fact]
    public void of_a_million_rows_name_the_three_bad_ones_and_lose_no_good_one()
    {
        var csv = new StringBuilder("id,x,label\n");
        for (var i = 1; i <= 1_000_000; i++)
            csv.Append(CultureInfo.InvariantCulture, $"{i},{(i == 500_000 ? "oops" : "1.5")},{i % 3}{(i == 700_000 ? ",extra" : "")}{(i == 999_999 ? "\n1000000" : "")}\n");
        var profile = Profile(csv.ToString());
        (profile.Rows, profile.RefusedRows).ShouldBe((999_998, 3));
        profile.Refused.Select(r => (r.Line, r.Field)).ShouldBe([(500_001, "x"), (700_001, null), (1_000_001, "x")]);
        profile.Refused.ShouldAllBe(r => r.Reason.Length > 0);
        profile.Columns[1].Type.ShouldBe("number");
    }

    [Theory]
    [InlineData("a;b\n1,5;2\n2,5;3\n", "a,b")]
    [InlineData("a\tb\n1\t2\n", "a,b")]
    [InlineData("\"a,x\"|b\n1|2\n", "a,x,b")]
    [InlineData("a\r\n1\r\n2\r\n", "a")]
    public void find_the_delimiter_in_the_header(string csv, string columns) => string.Join(',', Profile(csv).Columns.Select(c => c.Name)).ShouldBe(columns);

    [Fact]
    public void take_the_header_from_a_table_of_words_only()
    {
        var profile = Profile("name,city\nAnn,Bern\n\"Bob \"\"B\"\"\nJr\",\"a,b\"\n");
        profile.Columns.Select(c => c.Name).ShouldBe(["name", "city"]);
        profile.Columns[0].Top!.Select(t => t.Value).ShouldBe(["Ann", "Bob \"B\"\nJr"]);
    }

    [Fact]
    public void read_packed_tables() => Profile(Files.Gzip("a,b\n1,2\n"u8.ToArray()), FileKind.Csv).Columns.Count.ShouldBe(2);

    [Fact]
    public void are_empty_for_a_header_alone()
    {
        var profile = Profile("a,b\n");
        (profile.Rows, profile.Columns.Count, profile.Columns[0].Unique).ShouldBe((0, 2, 0));
    }

    [Fact]
    public void are_not_misled_by_names_that_look_like_SQL()
    {
        const string evil = "\"; DROP TABLE t; --";
        var profile = Profile($"\"{evil.Replace("\"", "\"\"", StringComparison.Ordinal)}\",'x',a b\n1,2,3\n2,2,3\n");
        profile.Columns.Select(c => (c.Name, c.Max)).ShouldBe([(evil, 2.0), ("'x'", 2.0), ("a b", 3.0)]);
    }

    [Theory]
    [InlineData("csv", "")]
    [InlineData("parquet", "PAR1, but nothing else")]
    [InlineData("parquet", "a,b\n1,2\n")]
    public void of_files_that_are_none_are_refused(string kind, string content) => Should.Throw<InvalidDataException>(() => Profile(Encoding.UTF8.GetBytes(content), kind == "csv" ? FileKind.Csv : FileKind.Parquet))
        .Message.ShouldNotContain(_files.Root);

    [Fact]
    public void of_bytes_that_are_no_text_are_refused_or_refuse_the_row()
    {
        var profile = Profile([.. "a,b\n"u8, 0xFF, 0xFE, .. ",1\n2,3\n"u8], FileKind.Csv);
        (profile.Rows, profile.RefusedRows).ShouldBe((1, 1));
    }

    [Fact]
    public void may_not_read_other_files_nor_unlock_the_database()
    {
        using var table = TableFile.Open(_files.Store, _files.Put("a\n1\n"), FileKind.Csv, asText: true, default);
        Should.Throw<InvalidDataException>(() => table.Query("SELECT * FROM read_csv('/etc/passwd')").Count());
        Should.Throw<InvalidDataException>(() => table.Query("SET enable_external_access = true").Count());
        Should.Throw<InvalidDataException>(() => table.Query("COPY t TO '/tmp/out.csv'").Count());
    }

    [Fact]
    public void leave_no_scratch_behind()
    {
        Profile("a\n1\n");
        Should.Throw<InvalidDataException>(() => Profile([], FileKind.Parquet));
        Directory.GetDirectories(Path.Combine(_files.Root, "scratch")).ShouldBeEmpty();
    }

    [Fact]
    public async Task are_made_once_per_content()
    {
        using var heavy = new HeavyWork();
        var store = new ProfileStore(_files.Store, heavy);
        var digest = _files.Put("when,x\n2026-01-01,1\n");
        var first = await store.Of("a.csv", digest, TestContext.Current.CancellationToken);
        File.Delete(_files.Store.PathOf(digest));
        var again = await store.Of("renamed.csv", digest, TestContext.Current.CancellationToken);
        again.Path.ShouldBe("renamed.csv");
        again.Columns[1].Mean.ShouldBe(first.Columns[1].Mean);
        again.Columns[0].Max!.ToString().ShouldBe("2026-01-01");
    }

    public void Dispose() => _files.Dispose();

    private Profile Profile(string csv) => Profile(Encoding.UTF8.GetBytes(csv), FileKind.Csv);

    private Profile Profile(byte[] content, FileKind kind)
    {
        using var table = TableFile.Open(_files.Store, _files.Put(content), kind, asText: false, default);
        return TableProfile.Of("t", table, kind);
    }
}
