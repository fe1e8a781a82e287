using Shouldly;
using Xunit;

namespace MlLifecycle.Experiments.Search;

public static class The_search_grammar
{
    [Theory]
    [InlineData("metrics.acc > 0.9", Subject.Metric, "acc", Comparison.Greater, 0.9)]
    [InlineData("metric.acc<=-1e3", Subject.Metric, "acc", Comparison.LessOrEqual, -1000.0)]
    [InlineData("metrics.`my metric` != .5", Subject.Metric, "my metric", Comparison.NotEqual, 0.5)]
    [InlineData("metrics.\"a/b-c\" = 1", Subject.Metric, "a/b-c", Comparison.Equal, 1.0)]
    [InlineData("params.depth = '3'", Subject.Param, "depth", Comparison.Equal, "3")]
    [InlineData("parameter.depth != \"3\"", Subject.Param, "depth", Comparison.NotEqual, "3")]
    [InlineData("params.a LIKE '%x%'", Subject.Param, "a", Comparison.Like, "%x%")]
    [InlineData("tags.mlflow.source.name ilike 'Train%'", Subject.Tag, "mlflow.source.name", Comparison.ILike, "Train%")]
    [InlineData("tag.a = 'it''s'", Subject.Tag, "a", Comparison.Equal, "it's")]
    [InlineData("attributes.status = 'FINISHED'", Subject.Attribute, "status", Comparison.Equal, "FINISHED")]
    [InlineData("status = 'FINISHED'", Subject.Attribute, "status", Comparison.Equal, "FINISHED")]
    [InlineData("run.start_time >= 1700000000000", Subject.Attribute, "start_time", Comparison.GreaterOrEqual, 1700000000000L)]
    [InlineData("Created < 12", Subject.Attribute, "start_time", Comparison.Less, 12L)]
    [InlineData("attr.`Run name` = 'x'", Subject.Attribute, "run_name", Comparison.Equal, "x")]
    [InlineData("`metrics`.acc > 1", Subject.Metric, "acc", Comparison.Greater, 1.0)]
    [InlineData("`params`.`my key` = 'x'", Subject.Param, "my key", Comparison.Equal, "x")]
    [InlineData("metrics.R² > 100.", Subject.Metric, "R²", Comparison.Greater, 100.0)]
    [InlineData("AND params.a = '1'", Subject.Param, "a", Comparison.Equal, "1")]
    [InlineData("params.a = '1' and AND ", Subject.Param, "a", Comparison.Equal, "1")]
    [InlineData("dataset.name = 'fashion'", Subject.Dataset, "name", Comparison.Equal, "fashion")]
    [InlineData("tags.a IS NULL", Subject.Tag, "a", Comparison.IsNull, null)]
    [InlineData("params.a is not null", Subject.Param, "a", Comparison.IsNotNull, null)]
    public static void reads_a_comparison(string filter, Subject subject, string key, Comparison comparison, object? operand) =>
        Grammar.ReadFilter(filter, Vocabulary.Runs).ShouldHaveSingleItem().ShouldBe(new Clause(new(subject, key), comparison, operand));

    [Fact]
    public static void reads_sets()
    {
        var clause = Grammar.ReadFilter("run_id NOT IN ('a', \"b\")", Vocabulary.Runs).ShouldHaveSingleItem().ShouldBeOfType<Clause>();
        clause.Comparison.ShouldBe(Comparison.NotIn);
        clause.Operand.ShouldBeOfType<string[]>().ShouldBe(["a", "b"]);
        Grammar.ReadFilter("run_id IN ('a',)", Vocabulary.Runs).ShouldHaveSingleItem().ShouldBeOfType<Clause>().Operand.ShouldBeOfType<string[]>().ShouldBe(["a"]);
        Grammar.ReadFilter("datasets.digest in ('a')", Vocabulary.Runs).ShouldHaveSingleItem().ShouldBeOfType<Clause>().Comparison.ShouldBe(Comparison.In);
    }

    [Fact]
    public static void joins_comparisons()
    {
        Grammar.ReadFilter("metrics.a > 1 and params.b = 'x AND y' AND tags.c != 'z'", Vocabulary.Runs).Count.ShouldBe(3);
        Grammar.ReadFilter("   ", Vocabulary.Runs).ShouldBeEmpty();
        Grammar.ReadFilter(null, Vocabulary.Runs).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("params.a = '1' OR params.a = '2'", "(a1 | a2)")]
    [InlineData("params.a = '1' or params.b = '2' AND params.c = '3'", "(a1 | b2 & c3)")]
    [InlineData("(params.a = '1' OR params.b = '2') AND params.c = '3'", "(a1 | b2) & c3")]
    [InlineData("((params.a = '1'))", "a1")]
    [InlineData("params.x = '0' AND (params.a = '1' AND (params.b = '2' OR params.c = '3'))", "x0 & a1 & (b2 | c3)")]
    public static void knows_or_and_parentheses(string filter, string meaning) => Written(Grammar.ReadFilter(filter, Vocabulary.Runs)).ShouldBe(meaning);

    [Fact]
    public static void stays_shallow() =>
        Should.Throw<SearchSyntaxException>(() => Grammar.ReadFilter(new string('(', 100_000) + "status = 'x'", Vocabulary.Runs)).Message.ShouldContain("nested");

    private static string Written(IEnumerable<Condition> all) => string.Join(" & ", all.Select(condition => condition switch
    {
        Either either => $"({string.Join(" | ", either.Alternatives.Select(Written))})",
        Clause clause => $"{clause.Field.Key}{clause.Operand}",
        _ => "?",
    }));

    [Theory]
    [InlineData("(metrics.a > 1", "closing")]
    [InlineData("metrics.a > 1)", ")")]
    [InlineData("metrics.a > 1 OR", "key")]
    [InlineData("metrics.acc > 'high'", "numeric")]
    [InlineData("metrics.acc LIKE '1%'", "LIKE")]
    [InlineData("metrics.acc", "comparator")]
    [InlineData("metrics. > 1", "key")]
    [InlineData("params.depth = 3", "quoted string")]
    [InlineData("params.depth > '3'", ">")]
    [InlineData("params.depth IN ('3')", "IN")]
    [InlineData("attributes.nonsense = 'x'", "nonsense")]
    [InlineData("columns.a = 'x'", "columns")]
    [InlineData("dataset.size = 'x'", "size")]
    [InlineData("status IN ()", "quoted string")]
    [InlineData("status IN ('a'", "comma")]
    [InlineData("metrics.a > 1 metrics.b > 2", "AND")]
    [InlineData("metrics.a > 1 OR AND", "key")]
    [InlineData("(metrics.a > 1 AND)", "key")]
    [InlineData("AND", "key")]
    [InlineData("status IN (,)", "quoted string")]
    [InlineData("`params`. = '1'", "lacks a key")]
    [InlineData("metrics.a == 1", "==")]
    [InlineData("params.a = 'unclosed", "never closed")]
    [InlineData("metrics.a > 1e999", "not a number")]
    [InlineData("metrics.a > 1; DROP TABLE runs", ";")]
    [InlineData("params.a = 'x' -- comment", "-")]
    [InlineData("metrics.a > 1 UNION SELECT 1", "UNION")]
    public static void says_what_it_does_not_understand(string filter, string named) =>
        Should.Throw<SearchSyntaxException>(() => Grammar.ReadFilter(filter, Vocabulary.Runs)).Message.ShouldContain(named);

    [Fact]
    public static void reads_an_order()
    {
        Grammar.ReadOrder(["metrics.loss", "params.`a b` DESC", "start_time asc"], Vocabulary.Runs).ShouldBe(
            [new(new(Subject.Metric, "loss"), false), new(new(Subject.Param, "a b"), true), new(new(Subject.Attribute, "start_time"), false)]);
        foreach (var wrong in (string[])["", "metrics.loss SIDEWAYS", "metrics.loss DESC DESC", "dataset.name", "metrics.loss, metrics.x"])
            Should.Throw<SearchSyntaxException>(() => Grammar.ReadOrder([wrong], Vocabulary.Runs));
        Should.Throw<SearchSyntaxException>(() => Grammar.ReadOrder(["metrics.loss", "metrics.loss DESC"], Vocabulary.Runs)).Message.ShouldContain("duplicate");
    }

    [Fact]
    public static void has_other_words_for_other_things()
    {
        Grammar.ReadFilter("name LIKE 'a%' AND last_update_time > 3", Vocabulary.Experiments).Count.ShouldBe(2);
        Grammar.ReadFilter("run_id IN ('a') AND version_number > 2", Vocabulary.ModelVersions).Count.ShouldBe(2);
        Should.Throw<SearchSyntaxException>(() => Grammar.ReadFilter("metrics.a > 1", Vocabulary.Experiments));
        Should.Throw<SearchSyntaxException>(() => Grammar.ReadFilter("name IN ('a')", Vocabulary.Experiments));
    }
}
