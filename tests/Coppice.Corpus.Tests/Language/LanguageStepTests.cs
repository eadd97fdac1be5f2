using Coppice.Corpus.Language;
using Coppice.Foundation;

namespace Coppice.Corpus.Tests.Language;

public class LanguageStepTests
{
    private const string English = "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife.\n";
    private const string German = "Die Würde des Menschen ist unantastbar. Sie zu achten und zu schützen ist Verpflichtung aller staatlichen Gewalt.\n";

    private static StepResult Run(string text, LanguageOptions? options = null) => new LanguageStep(options).Begin()(new Document("1", text, "test"));

    [Fact]
    public void A_document_that_is_kept_knows_its_language_and_how_sure_that_is()
    {
        var result = Run(English);
        Assert.Equal("en", result.Document!.Language);
        Assert.Equal(("language score", 0.65), (result.Measured!.Value.Rule, result.Measured.Value.Threshold));
        Assert.InRange(result.Measured.Value.Value, 0.65, 1);
    }

    [Fact]
    public void Documents_in_other_languages_in_none_and_in_several_are_dropped_with_reasons()
    {
        var english = new LanguageOptions { Languages = ["en"] };
        Assert.Equal("not in a wanted language", Run(German, english).Reason);
        Assert.Equal("no language recognised", Run("1 2 3", english).Reason);
        var mixed = string.Concat(Enumerable.Repeat(string.Concat(Enumerable.Repeat(English, 4)) + string.Concat(Enumerable.Repeat(German, 3)), 20));
        Assert.Equal("language not clear", Run(mixed, english).Reason);
        Assert.NotNull(Run(mixed, english with { MinimumScore = 0.4 }).Document);
    }

    [Fact]
    public void The_shares_of_a_mixed_document_are_those_of_its_letters()
    {
        var text = string.Concat(Enumerable.Repeat(English, 300)) + string.Concat(Enumerable.Repeat(German, 100));
        var language = DocumentLanguage.Of(text, LanguageIdentifier.Default);
        Assert.Equal(["en", "de"], language.Shares.Select(share => share.Language).Take(2));
        Assert.Equal(0.75, language.Score, 0.05);
        Assert.Equal(0.25, language.Shares[1].Score, 0.05);
    }

    [Fact]
    public void Recipes_make_the_step_of_its_options_and_an_unknown_language_is_named()
    {
        var definition = Assert.Single(LanguageSteps.All, step => step.Name == "language");
        StepOptions Options(string language) => new("recipe", new Dictionary<string, IReadOnlyList<string>> { ["languages"] = [language], ["min_score"] = ["0.5"] });
        var step = Assert.IsType<LanguageStep>(definition.Create(Options("de")));
        Assert.NotNull(step.Begin()(new Document("1", German, "test")).Document);
        Assert.Contains("'klingon'", Assert.Throws<CoppiceException>(() => definition.Create(Options("klingon"))).Message, StringComparison.Ordinal);
        Assert.Equal(["languages", "min_score", "model"], definition.Describe().Options.Select(option => option.Key));
    }
}
