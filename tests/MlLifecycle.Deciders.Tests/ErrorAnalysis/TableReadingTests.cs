using System.Text;
using CsCheck;
using Microsoft.Extensions.Configuration;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ServiceDefaults.Tables;
using MlLifecycle.ErrorAnalysis.Tags;
using MlLifecycle.ServiceDefaults.Decisions;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

/// <summary>Reads tables from a directory that goes with the test.</summary>
public abstract class TableReading : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tables").FullName;
    private readonly EvaluationTables _tables;

    protected TableReading()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new(TableStore.PathKey, _directory)]).Build();
        Store = new(configuration, TimeProvider.System);
        _tables = new(Store);
    }

    protected TableStore Store { get; }

    public void Dispose()
    {
        Directory.EnumerateFileSystemEntries(Path.Combine(_directory, "incoming")).ShouldBeEmpty(); // nothing half written stays
        _tables.Dispose();
        Directory.Delete(_directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected int KeptTables => Directory.EnumerateFiles(Path.Combine(_directory, "tables"), "*", SearchOption.AllDirectories).Count();

    protected TableFacts Read(string text, TableFormat format = TableFormat.Csv, TableColumns? columns = null) =>
        Attempt(Encoding.UTF8.GetBytes(text), format, columns) is var (facts, refusal) && facts is not null ? facts : throw new ShouldAssertException(refusal!.Detail);

    protected Refusal Refused(string text, TableFormat format = TableFormat.Csv, TableColumns? columns = null) =>
        Attempt(Encoding.UTF8.GetBytes(text), format, columns).Refusal.ShouldNotBeNull();

    protected (TableFacts? Facts, Refusal? Refusal) Attempt(byte[] body, TableFormat format, TableColumns? columns = null)
    {
        var (upload, refusal) = Store.Receive(new MemoryStream(body), default).GetAwaiter().GetResult();
        if (upload is null)
            return (null, refusal);
        using (upload)
            return _tables.Read(upload, format, columns ?? new(), default).GetAwaiter().GetResult();
    }
}

public class Reading_a_table : TableReading
{
    [Fact]
    public void counts_each_tag_its_text_boolean_and_list_columns_make()
    {
        var facts = Read("""
            id,label,prediction,place,blurry,tags,brightness,score
            1,cat,cat,in,true,night; far,0.1,0.9
            2,cat,dog,in,false,far;far,0.2,0.8
            3,dog,dog,out,TRUE,,0.3,
            4,dog,cat,,true,night,0.4,0.1
            """);

        (facts.Examples, facts.Errors, facts.RefusedRows).ShouldBe((4L, 2L, 0L));
        facts.Tags.OrderBy(t => t.Tag, StringComparer.Ordinal).ShouldBe(
            [new TagCount("blurry", 3, 1), new("far", 2, 1), new("night", 2, 1), new("place=in", 2, 1), new("place=out", 1, 0)]);
        facts.Columns.Select(c => $"{c.Name}:{c.Role}").ShouldBe(
            ["id:id", "label:label", "prediction:prediction", "place:tag", "blurry:tag", "tags:tag", "brightness:ignored", "score:score"]);
        facts.Confusion.Labels.ShouldBe(["cat", "dog"]);
        facts.Confusion.Counts[0].ShouldBe([1, 1]);
        facts.Confusion.Counts[1].ShouldBe([1, 1]);
    }

    [Fact]
    public void cuts_a_number_into_quartiles_when_asked_to()
    {
        var rows = string.Join('\n', Enumerable.Range(1, 100).Select(i => $"{i},{i},{(i > 75 ? 0 : i)},{i}"));
        var facts = Read("id,label,prediction,size\n" + rows, columns: new(Tags: ["size"]));
        facts.Tags.ShouldBe([new TagCount("size=q1", 25, 0), new("size=q2", 25, 0), new("size=q3", 25, 0), new("size=q4", 25, 25)]);
        facts.Columns[3].Note.ShouldBe("quartiles: q1 ≤ 25.75 < q2 ≤ 50.5 < q3 ≤ 75.25 < q4");
    }

    [Fact]
    public void leaves_a_text_of_many_values_out_unless_asked()
    {
        var table = "id,label,prediction,url\n" + string.Join('\n', Enumerable.Range(1, 150).Select(i => $"{i},a,a,u{i}"));
        var facts = Read(table);
        facts.Tags.ShouldBeEmpty();
        facts.Columns[3].Note!.ShouldContain("150 different values");
        Read(table, columns: new(Tags: ["url"])).Tags.Count.ShouldBe(150);
    }

    [Fact]
    public void takes_9_and_9_point_0_for_the_same_class() => Read("id,label,prediction\na,9,9.0\nb,10,1.0\n").Errors.ShouldBe(1);

    [Fact]
    public void numbers_the_rows_when_there_is_no_id_column() => Read("label,prediction\na,a\na,b\n").Examples.ShouldBe(2);

    [Fact]
    public void takes_quotes_line_breaks_umlauts_and_other_separators()
    {
        var facts = Read("\uFEFFid;label;prediction;note\r\n1;\"Größe \"\"L\"\"\";\"Größe \"\"L\"\"\";\"two\r\nlines; one value\"\r\n2;a;b;x\r\n");
        (facts.Examples, facts.Errors).ShouldBe((2L, 1L));
        facts.Tags.ShouldContain(new TagCount("note=two\r\nlines; one value", 1, 0));
    }

    [Fact]
    public void takes_ndjson_with_lists_of_tags_and_missing_fields()
    {
        var facts = Read(
            """
            {"id": 1, "label": "a", "prediction": "a", "tags": ["x", "y"], "dark": true}
            {"id": 2, "label": "a", "prediction": "b", "tags": ["x"]}

            {"prediction": "b", "label": "b", "id": "3", "extra": {"k": 1}}
            """, TableFormat.Ndjson);
        (facts.Examples, facts.Errors).ShouldBe((3L, 1L));
        facts.Tags.OrderBy(t => t.Tag, StringComparer.Ordinal).ShouldBe(
            [new TagCount("dark", 1, 0), new("extra={\"k\": 1}", 1, 0), new("x", 2, 1), new("y", 1, 0)]);
    }

    [Fact]
    public void takes_its_own_kept_parquet_file_back()
    {
        var facts = Read("id,label,prediction,place,p_cat,we\"ird\n1,cat,dog,in,0.5,x\n2,cat,cat,out,1,y\n");
        var again = Attempt(File.ReadAllBytes(Store.Place(facts.Digest)), TableFormat.Parquet).Facts!;
        again.Tags.ShouldBe(facts.Tags);
        again.Digest.ShouldBe(facts.Digest);
        KeptTables.ShouldBe(1);
    }

    [Fact]
    public void keeps_names_that_look_like_sql_as_names()
    {
        const string Name = "x'; DROP TABLE good; --";
        Read($"id,label,prediction,\"{Name}\"\n1,a,a,v\n2,a,b,'\"\"\n").Tags.ShouldContain(new TagCount($"{Name}=v", 1, 0));
    }

    [Fact]
    public void names_the_most_frequent_confusions_where_labels_are_too_many_for_a_matrix()
    {
        var rows = Enumerable.Range(1, 300).Select(i => $"{i},sentence {i},sentence {(i <= 3 ? 0 : i)}");
        var confusion = Read("id,label,prediction\n" + string.Join('\n', rows)).Confusion;
        confusion.Labels.ShouldBeEmpty();
        confusion.Pairs.Count.ShouldBe(3);
    }

    [Fact]
    public void does_not_depend_on_the_order_of_the_rows() => Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 2], Gen.Bool).Array[1, 60]
        .SelectMany(rows => Gen.Shuffle(Enumerable.Range(0, rows.Length).ToArray()).Select(order => (rows, order)))
        .Sample(
            drawn =>
            {
                var lines = drawn.rows.Select((r, i) => $"{i},{r.Item1},{r.Item2},t{r.Item3},{r.Item4}").ToArray();
                var once = Read("id,label,prediction,tag,flag\n" + string.Join('\n', lines));
                var shuffled = Read("id,label,prediction,tag,flag\n" + string.Join('\n', drawn.order.Select(i => lines[i])));
                shuffled.Tags.ShouldBe(once.Tags);
                (shuffled.Examples, shuffled.Errors).ShouldBe((once.Examples, once.Errors));
                shuffled.Confusion.Labels.ShouldBe(once.Confusion.Labels);
                once.Confusion.Counts.Sum(row => row.Sum()).ShouldBe(once.Examples);
                once.Confusion.Pairs.Sum(pair => pair.Count).ShouldBe(once.Errors);
                once.Tags.Where(t => t.Tag.StartsWith("tag=", StringComparison.Ordinal)).Sum(t => t.Examples).ShouldBe(once.Examples);
            },
            iter: 20, threads: 1);
}
