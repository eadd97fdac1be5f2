using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The quality rules by name.</summary>
public static class QualitySteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        new("gopher-quality", "number and length of words, symbols, bullets, ellipses, stop words: Gopher's rules", MakeGopherQuality),
        new("gopher-repetition", "repeated lines, paragraphs and n-grams: Gopher's rules", MakeGopherRepetition),
        new("c4", "keeps C4's lines: whole sentences, no boilerplate", MakeC4),
        new("fineweb-quality", "punctuation and length of lines, repeated lines: FineWeb's rules", MakeFineWebQuality),
    ];

    private static GopherQuality MakeGopherQuality(StepOptions options)
    {
        var byDefault = new GopherQualityOptions();
        return new GopherQuality(new GopherQualityOptions
        {
            Variant = options.Choice("variant", byDefault.Variant),
            MinWords = options.NumberOrOff("min_words", byDefault.MinWords, 0),
            MaxWords = options.NumberOrOff("max_words", byDefault.MaxWords, 0),
            MinMeanWordLength = options.NumberOrOff("min_mean_word_length", byDefault.MinMeanWordLength, 0),
            MaxMeanWordLength = options.NumberOrOff("max_mean_word_length", byDefault.MaxMeanWordLength, 0),
            MaxSymbolsPerWord = options.NumberOrOff("max_symbols_per_word", byDefault.MaxSymbolsPerWord, 0),
            MaxEllipsesPerWord = options.NumberOrOff("max_ellipses_per_word", byDefault.MaxEllipsesPerWord, 0),
            MaxBulletLines = options.NumberOrOff("max_bullet_lines", byDefault.MaxBulletLines, 0, 1),
            MaxEllipsisLines = options.NumberOrOff("max_ellipsis_lines", byDefault.MaxEllipsisLines, 0, 1),
            MinAlphabeticWords = options.NumberOrOff("min_alphabetic_words", byDefault.MinAlphabeticWords, 0, 1),
            MinStopWords = options.NumberOrOff("min_stop_words", byDefault.MinStopWords, 0),
            StopWords = options.Texts("stop_words", byDefault.StopWords),
        });
    }

    private static GopherRepetition MakeGopherRepetition(StepOptions options)
    {
        var byDefault = new GopherRepetitionOptions();
        return new GopherRepetition(new GopherRepetitionOptions
        {
            Variant = options.Choice("variant", byDefault.Variant),
            MaxDuplicateLines = options.NumberOrOff("max_duplicate_lines", byDefault.MaxDuplicateLines, 0, 1),
            MaxDuplicateParagraphs = options.NumberOrOff("max_duplicate_paragraphs", byDefault.MaxDuplicateParagraphs, 0, 1),
            MaxDuplicateLineCharacters = options.NumberOrOff("max_duplicate_line_characters", byDefault.MaxDuplicateLineCharacters, 0, 1),
            MaxDuplicateParagraphCharacters = options.NumberOrOff("max_duplicate_paragraph_characters", byDefault.MaxDuplicateParagraphCharacters, 0, 1),
            MaxTopNgrams = Numbers(options, "max_top_ngrams", byDefault.MaxTopNgrams),
            MaxDuplicateNgrams = Numbers(options, "max_duplicate_ngrams", byDefault.MaxDuplicateNgrams),
        });
    }

    private static C4 MakeC4(StepOptions options)
    {
        var byDefault = new C4Options();
        var variant = options.Choice("variant", byDefault.Variant);
        return new C4(new C4Options
        {
            Variant = variant,
            RequireTerminalPunctuation = options.Flag("terminal_punctuation", byDefault.RequireTerminalPunctuation),
            MinWordsPerLine = options.Integer("min_words_per_line", variant == C4Variant.Datatrove ? 3 : 5, 0),
            MinSentences = options.Integer("min_sentences", variant == C4Variant.Datatrove ? 5 : 3, 0),
            MaxWordLength = options.Integer("max_word_length", byDefault.MaxWordLength, 1),
            DropWithBrace = options.Flag("drop_with_brace", byDefault.DropWithBrace),
            RemoveJavaScript = options.Flag("remove_javascript", byDefault.RemoveJavaScript),
            RemovePolicies = options.Flag("remove_policies", byDefault.RemovePolicies),
        });
    }

    private static FineWebQuality MakeFineWebQuality(StepOptions options)
    {
        var byDefault = new FineWebQualityOptions();
        return new FineWebQuality(new FineWebQualityOptions
        {
            MinPunctuatedLines = options.NumberOrOff("min_punctuated_lines", byDefault.MinPunctuatedLines, 0, 1),
            ShortLineLength = options.Integer("short_line_length", byDefault.ShortLineLength, 0),
            MaxShortLines = options.NumberOrOff("max_short_lines", byDefault.MaxShortLines, 0, 1),
            MaxDuplicateCharacters = options.NumberOrOff("max_duplicate_characters", byDefault.MaxDuplicateCharacters, 0, 1),
            MaxNewlinesPerWord = options.NumberOrOff("max_newlines_per_word", byDefault.MaxNewlinesPerWord, 0),
        });
    }

    private static double[] Numbers(StepOptions options, string key, IReadOnlyList<double> byDefault) =>
    [
        .. options.Texts(key, [.. byDefault.Select(number => number.ToString("R", CultureInfo.InvariantCulture))]).Select(text =>
            double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= 1
                ? number
                : throw CoppiceException.Usage($"{key}: must be a list of numbers from 0 to 1, and has '{text}'")),
    ];
}
