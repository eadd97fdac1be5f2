namespace Coppice.Corpus.Unicode;

/// <summary>The steps that repair characters, by name.</summary>
public static class UnicodeSteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "unicode-repair",
            "repairs wrong encodings, line ends, controls, invisible characters and spaces; normal form C",
            "Wrongly decoded letters cost several tokens each and make two words of one. A document of which over 1 % could not be decoded is beyond repair and dropped.",
            MakeUnicodeRepair),
    ];

    private static UnicodeRepair MakeUnicodeRepair(StepOptions options)
    {
        var byDefault = new UnicodeRepairOptions();
        return new UnicodeRepair(new UnicodeRepairOptions
        {
            Mojibake = options.Flag("mojibake", byDefault.Mojibake),
            Normalize = options.Flag("normalize", byDefault.Normalize),
            Controls = options.Flag("controls", byDefault.Controls),
            Invisible = options.Flag("invisible", byDefault.Invisible),
            LineEnds = options.Flag("line_ends", byDefault.LineEnds),
            Spaces = options.Flag("spaces", byDefault.Spaces),
            MaxReplacementCharacters = options.NumberOrOff("max_replacement_characters", byDefault.MaxReplacementCharacters, 0, 1),
        });
    }
}
