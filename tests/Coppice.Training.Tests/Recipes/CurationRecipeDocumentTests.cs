using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Training.Tests.Recipes;

public class CurationRecipeDocumentTests
{
    [Fact]
    public void Steps_are_names_or_names_with_options()
    {
        var recipe = CurationRecipeDocument.Parse("""
            steps:
              - empty
              - gopher-quality: { min_words: 10, stop_words: [und, oder], max_words: off }
              - fineweb-quality:
            """, "folder/recipe.yaml");

        Assert.Equal("recipe.yaml", recipe.Name);
        Assert.Equal(["empty", "gopher-quality", "fineweb-quality"], recipe.Steps.Select(step => step.Name));
        var options = recipe.Steps[1].Options.ToDictionary(option => option.Key);
        Assert.Equal(("10", "off"), (options["min_words"].Value, options["max_words"].Value));
        Assert.Equal(["und", "oder"], options["stop_words"].Items!);
    }

    [Fact]
    public void A_written_recipe_reads_again_to_the_same_steps()
    {
        var recipe = CurationRecipeDocument.Parse("""
            steps:
              - gopher-quality: { stop_words: ["a: b", "", "#c", "-d", "\"e\"", "ü"] }
              - language: { languages: [] }
            """);
        var written = CurationRecipeDocument.Write([.. recipe.Steps.Select(step => new ReportedStep(step.Name, step.Options))]);
        var again = CurationRecipeDocument.Parse(written);

        Assert.Equal(recipe.Steps.SelectMany(step => step.Options).Select(Text), again.Steps.SelectMany(step => step.Options).Select(Text));
    }

    [Fact]
    public void A_preset_is_a_recipe_by_name()
    {
        Assert.Equal(CurationPresets.Get("minimal").Steps.Select(step => step.Name), CurationRecipeDocument.Parse("preset: minimal").Steps.Select(step => step.Name));
    }

    [Theory]
    [InlineData("steps: empty", "recipe:1: steps must be a list")]
    [InlineData("steps:\n  - empty:\n    language:\n", "stand side by side")]
    [InlineData("steps:\n  - [empty]\n", "recipe:2: a step is a name")]
    [InlineData("steps:\n  - gopher-quality: 3\n", "options are keys with values")]
    [InlineData("steps:\n  - gopher-quality: { min_words: { a: b } }\n", "min_words must be a value or a list")]
    [InlineData("steps:\n  - empty: { x: 1 }\n", "the step has no options")]
    [InlineData("steps: []\npreset: minimal\n", "either 'steps' or 'preset'")]
    [InlineData("", "a recipe of curation is a list of steps")]
    public void What_is_wrong_is_said_with_its_place(string text, string expected)
    {
        var error = Assert.Throws<CoppiceException>(() => CurationRecipeDocument.Parse(text));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    private static string Text(StepOption option) => $"{option.Key}: {option.Value}";
}
