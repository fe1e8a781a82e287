using System.Text;
using MlLifecycle.ErrorAnalysis.Tables;
using MlLifecycle.ServiceDefaults.Tables;
using Shouldly;
using Xunit;

namespace MlLifecycle.Deciders.Tests.ErrorAnalysis;

public class Reading_a_bad_table : TableReading
{
    [Fact]
    public void keeps_the_good_rows_and_says_which_are_not_and_why()
    {
        var facts = Read("""
            id,label,prediction,p_a,score
            1,a,a,0.5,1
            2,,a,0.5,1
            3,a,,0.5,1
            4,a,NaN,0.5,1
            ,a,a,0.5,1
            1,a,b,0.5,1
            7,a,a,1.5,1
            8,a,a,nan,1
            9,a,a,0.5,high
            10,a,a
            11,a,a,0.5,1,6
            12,"a"b,a,0.5,1
            13,a,b,,
            """);
        facts.Examples.ShouldBe(2);
        facts.Errors.ShouldBe(1);
        facts.RefusedRows.ShouldBe(11);
        facts.Refused.Select(r => (r.Row, r.Field)).ShouldBe(
        [
            (2L, "label"), (3L, "prediction"), (4L, "prediction"), (5L, "id"), (6L, "id"), (7L, "p_a"), (8L, "p_a"), (9L, "score"), (10L, "p_a"), (11L, "row"), (12L, "row"),
        ]);
        facts.Refused[4].Reason.ShouldBe("is the id of row 1 already.");
        facts.Refused[5].Reason.ShouldBe("is 1.5; a probability lies between 0 and 1.");
        facts.Refused[7].Reason.ShouldBe("is 'high', which is not a finite number.");
    }

    [Fact]
    public void loses_one_line_to_a_quote_that_is_never_closed()
    {
        var facts = Read("id,label,prediction\n1,a,a\n2,\"a,a\n" + string.Join('\n', Enumerable.Range(3, 200_000).Select(i => $"{i},a,b")));
        facts.Examples.ShouldBe(200_001);
        facts.Refused.ShouldHaveSingleItem().Row.ShouldBe(2);
    }

    [Fact]
    public void loses_one_line_that_is_longer_than_any_row_may_be()
    {
        var facts = Read($"id,label,prediction\n1,a,a\n2,{new string('a', 3_000_000)},a\n3,a,b\n");
        facts.Examples.ShouldBe(2);
        facts.Refused.ShouldHaveSingleItem().Reason.ShouldStartWith("is longer than");
        Read($"{{\"label\":\"a\",\"prediction\":\"a\"}}\n{{\"label\":\"{new string('a', 3_000_000)}\"}}\n{{\"label\":\"a\",\"prediction\":\"a\"}}", TableFormat.Ndjson)
            .Examples.ShouldBe(2);
    }

    [Fact]
    public void loses_the_last_row_of_a_csv_that_was_cut_off() =>
        Read("id,label,prediction\n1,a,a\n2,a").Refused.ShouldHaveSingleItem().ShouldBe(
            new(2, "prediction", "is missing: the row has 2 of 3 fields. Was the file cut off?"));

    [Fact]
    public void loses_the_lines_of_ndjson_that_are_not_objects()
    {
        var facts = Read("""
            {"id": 1, "label": "a", "prediction": "a"}
            {"id": 2, "label": NaN, "prediction": "a"}
            [1, 2]
            {"id": 4, "label": "a", "prediction": "\ud800"}
            {"id": 5, "label": "a", "pred
            """, TableFormat.Ndjson);
        facts.Examples.ShouldBe(1);
        facts.Refused.Select(r => (r.Row, r.Field)).ShouldBe([(2L, "label"), (3L, "row"), (4L, "prediction"), (5L, "row")]);
    }

    [Fact]
    public void loses_rows_that_are_not_utf8()
    {
        var (facts, _) = Attempt([.. "id,label,prediction\n1,a,a\n2,"u8, 0xE4, .. ",a\n3,a,a\n"u8], TableFormat.Csv);
        facts!.Examples.ShouldBe(2);
        facts.Refused.ShouldHaveSingleItem().ShouldBe(new(2, "row", "is not valid UTF-8."));
    }

    [Fact]
    public void refuses_a_number_to_be_cut_into_quartiles_that_is_none() =>
        Read("label,prediction,size\na,a,1\na,a,nan\n", columns: new(Tags: ["size"])).Refused.ShouldHaveSingleItem().Field.ShouldBe("size");

    [Theory]
    [InlineData("id,y,prediction\n1,a,a\n", "column-missing", "label", "Its columns are id, y, prediction.")]
    [InlineData("id,Label,prediction\n1,a,a\n", "column-missing", "label", "?label=Label")]
    [InlineData("id,label\n1,a\n", "column-missing", "prediction", "?prediction=")]
    [InlineData("", "invalid-input", "body", "is empty")]
    [InlineData("\n\n", "invalid-input", "body", "is empty")]
    [InlineData("id,label,prediction\n", "empty-table", "body", "no rows")]
    [InlineData("id,label,prediction\n1,,a\n2,,b\n", "no-usable-row", "label", "None of the 2 rows can be used: row 1: label is missing.")]
    [InlineData("id,label,label,prediction\n1,a,a,a\n", "invalid-input", "label", "2 columns")]
    [InlineData("id,label,LABEL,prediction\n1,a,a,a\n", "invalid-input", "label", "2 columns")]
    [InlineData("id,label,prediction,tags,dark\n1,a,a,dark,true\n", "invalid-input", "dark", "the tag 'dark'")]
    public void says_what_is_wrong_with_it(string table, string code, string field, string detail)
    {
        var refusal = Refused(table);
        (refusal.Status, refusal.Code, refusal.Field).ShouldBe((400, code, field));
        refusal.Detail.ShouldContain(detail);
        KeptTables.ShouldBe(0);
    }

    [Theory]
    [InlineData("nope", null, "id")]
    [InlineData(null, "nope", "tags")]
    [InlineData(null, "id", "tags")]
    [InlineData("label", null, "id")]
    public void says_which_of_the_asked_columns_it_does_not_have(string? id, string? tag, string field) =>
        Refused("id,label,prediction\n1,a,a\n", columns: new(Id: id, Tags: tag is null ? null : [tag])).Field.ShouldBe(field);

    [Fact]
    public void refuses_more_tags_than_anybody_can_work_on() =>
        Refused("id,label,prediction,tags\n" + string.Join('\n', Enumerable.Range(1, 1100).Select(i => $"{i},a,a,t{i}"))).Field.ShouldBe("tags");

    [Fact]
    public void refuses_utf16() => Attempt(Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("id,label,prediction\n")).ToArray(), TableFormat.Csv)
        .Refusal!.Detail.ShouldContain("UTF-16");

    [Fact]
    public void refuses_parquet_that_was_cut_off_or_is_none()
    {
        var whole = File.ReadAllBytes(Store.Place(Read("id,label,prediction\n1,a,a\n2,a,b\n").Digest));
        foreach (var broken in new[] { whole[..^20], [.. "PAR1"u8, .. whole[200..]], Encoding.UTF8.GetBytes("id,label,prediction\n"), [.. whole[..20], .. new byte[300], .. whole[^120..]] })
        {
            var refusal = Attempt(broken, TableFormat.Parquet).Refusal.ShouldNotBeNull();
            (refusal.Status, refusal.Code, refusal.Field).ShouldBe((400, "malformed-table", "body"));
            refusal.Detail.ShouldNotContain(Path.GetTempPath());
        }
    }
}
