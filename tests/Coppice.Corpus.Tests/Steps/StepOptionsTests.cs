using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Steps;

public class StepOptionsTests
{
    private enum Kept
    {
        Longest,
        NewestOne,
    }

    [Fact]
    public void Given_values_are_read_and_others_have_their_defaults()
    {
        var options = Of(("ratio", ["0.25"]), ("count", ["-3"]), ("deep", ["true"]), ("name", ["x y"]), ("kept", ["newest_one"]), ("words", ["a", "b"]), ("floor", ["off"]));

        Assert.Equal(0.25, options.Number("ratio", 0.5, 0, 1));
        Assert.Equal(0.5, options.Number("other_ratio", 0.5, 0, 1));
        Assert.Equal(-3, options.Integer("count", 1));
        Assert.True(options.Flag("deep", false));
        Assert.Equal("x y", options.Text("name", "z"));
        Assert.Equal(Kept.NewestOne, options.Choice("kept", Kept.Longest));
        Assert.Equal(["a", "b"], options.Texts("words"));
        Assert.Null(options.NumberOrOff("floor", 3));
        Assert.Equal(3, options.NumberOrOff("ceiling", 3));
        Assert.Equal(7UL, options.Seed("seed", 7));
        options.RequireKnown();
    }

    [Theory]
    [InlineData("1.5")]
    [InlineData("0,5")]
    [InlineData("NaN")]
    [InlineData("much")]
    [InlineData("")]
    public void A_number_that_is_none_or_out_of_range_is_an_error_that_says_where_and_what_is_allowed(string text)
    {
        var error = Assert.Throws<CoppiceException>(() => Of(("ratio", [text])).Number("ratio", 0.5, 0, 1));

        Assert.Equal($"recipe.yaml:3: step: ratio must be a number from 0 to 1, not '{text}'", error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_list_is_no_number_and_a_misspelt_choice_and_key_get_a_hint()
    {
        Assert.Contains("not a list", Assert.Throws<CoppiceException>(() => Of(("ratio", ["1", "2"])).Number("ratio", 1)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "did you mean 'longest'", Assert.Throws<CoppiceException>(() => Of(("keep", ["longst"])).Choice("keep", "longest", ["longest", "best"])).Message, StringComparison.Ordinal);

        var options = Of(("max_raito", ["1"]));
        options.Number("max_ratio", 1);
        Assert.Contains("did you mean 'max_ratio'", Assert.Throws<CoppiceException>(options.RequireKnown).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_that_must_be_given_is_missed_and_a_file_must_exist()
    {
        Assert.Contains("name is missing", Assert.Throws<CoppiceException>(() => Of().Text("name")).Message, StringComparison.Ordinal);
        Assert.Contains("model is missing", Assert.Throws<CoppiceException>(() => Of().File("model")).Message, StringComparison.Ordinal);
        Assert.Contains("no-such-file", Assert.Throws<CoppiceException>(() => Of(("model", ["no-such-file"])).File("model")).Message, StringComparison.Ordinal);
        Assert.Null(Of().OptionalFile("model"));

        using var folder = new TemporaryFolder();
        var path = folder.Write("model.bin", "x");
        var options = Of(("model", [path]), ("more", [path, path]));
        Assert.Equal(path, options.File("model"));
        Assert.Equal([path, path], options.Files("more"));
        Assert.Equal([path, path, path], options.NamedFiles);
    }

    [Fact]
    public void A_definition_describes_the_options_its_step_reads_even_where_the_step_needs_a_file()
    {
        var definition = StepDefinition.Of("scored", "scores", "for a reason", options =>
        {
            var model = options.File("model");
            var floor = options.NumberOrOff("floor", null, 0);
            return File.Exists(model) && floor is null ? new ExactDuplicates() : throw new CoppiceException("no model");
        });

        Assert.Equal(
            [new StepOption("model", null, "the path of a file"), new StepOption("floor", "off", "a number from 0, or off")],
            definition.Describe().Options);
    }

    [Fact]
    public void A_definition_refuses_options_that_its_step_does_not_have()
    {
        var definition = StepDefinition.Of("empty", "drops", "for a reason", _ => new DropEmpty());

        Assert.IsType<DropEmpty>(definition.Create(StepOptions.None("empty")));
        Assert.Contains("the step has no options", Assert.Throws<CoppiceException>(() => definition.Create(Of(("x", ["1"])))).Message, StringComparison.Ordinal);
    }

    private static StepOptions Of(params (string Key, string[] Values)[] values) =>
        new("recipe.yaml:3: step", values.ToDictionary(value => value.Key, value => (IReadOnlyList<string>)value.Values));
}
