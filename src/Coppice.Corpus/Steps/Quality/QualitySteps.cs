using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The quality rules by name.</summary>
public static class QualitySteps
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<StepDefinition> All { get; } =
    [
        StepDefinition.Of(
            "gopher-quality",
            "number and length of words, symbols, bullets, ellipses, stop words: Gopher's rules",
            "Tells prose from lists, tables and spam by counting, at next to no cost. The thresholds are the paper's, made for English pages of the web: where words are counted as datatrove does, documents with much code, numbers or verse fall too.",
            MakeGopherQuality),
        StepDefinition.Of(
            "gopher-repetition",
            "repeated lines, paragraphs and n-grams: Gopher's rules",
            "What repeats itself teaches to repeat. The thresholds are the paper's; legal texts and catalogues repeat by nature, so look at the report before you believe them there.",
            MakeGopherRepetition),
        StepDefinition.Of(
            "c4",
            "keeps C4's lines: whole sentences, no boilerplate",
            "Takes out menus and buttons line by line, which have no full stop. The rule on full stops costs some 30 % of all text, for which FineWeb left it out (terminal_punctuation: false).",
            MakeC4),
        StepDefinition.Of(
            "fineweb-quality",
            "punctuation and length of lines, repeated lines: FineWeb's rules",
            "The three rules of some fifty that made models better in FineWeb's ablations, with its thresholds: lists, pages of short lines, and pages that say things twice.",
            MakeFineWebQuality),
        StepDefinition.Of(
            "fineweb-2",
            "Gopher's and FineWeb's rules with thresholds of each language from a file",
            "Words are longer in Finnish and there are no spaces in Thai: one threshold for all drops whole languages. 'coppice corpus calibrate' learns the file from good text of your own.",
            MakeFineWebTwo),
        StepDefinition.Of(
            "refinedweb-lines",
            "removes capitals, counters and stubs line by line: RefinedWeb's corrections",
            "What is left of pages after extraction: \"3 likes\", \"SIGN IN\", \"Read more\". A document that loses over 5 % of its words was made of such lines and is dropped, as in the paper.",
            MakeLineCorrections),
        StepDefinition.Of(
            "nemo-heuristics",
            "shares of signs, digits, URLs, white space, boilerplate: NeMo Curator's rules",
            "Finds tables of numbers, lists of links and pages of conditions of use that other rules let pass. Thresholds are NeMo Curator's.",
            MakeNemoHeuristics),
        StepDefinition.Of(
            "url-block-list",
            "drops documents by their address, by lists of your own",
            "The cheapest rule against adult pages and spam. No list comes with the program, for the public ones are large and change; two soft words block and one does not, as in RefinedWeb.",
            MakeUrlBlockList),
        StepDefinition.Of(
            "bad-words",
            "drops documents with words of lists of your own",
            "C4's rule. Its list also dropped much text on health and on minorities, so none comes with the program; keep_fraction lets a part through, chosen by the text's hash.",
            MakeBadWords),
        StepDefinition.Of(
            "repeated-lines",
            "removes further copies of lines and paragraphs inside a document",
            "Headers of pages and quoted replies, which a rule on documents would drop as a whole. Shorter lines than 30 characters are often repeated with reason.",
            MakeRepeatedLines),
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

    private static FineWebTwo MakeFineWebTwo(StepOptions options)
    {
        var path = options.File("thresholds");
        var dropOthers = options.Flag("drop_other_languages", false);
        return new FineWebTwo(FineWebTwoThresholds.Load(path), dropOthers);
    }

    private static LineCorrections MakeLineCorrections(StepOptions options)
    {
        var byDefault = new LineCorrectionsOptions();
        return new LineCorrections(new LineCorrectionsOptions
        {
            MaxUppercase = options.Number("max_uppercase", byDefault.MaxUppercase, 0, 1),
            MaxDigits = options.Number("max_digits", byDefault.MaxDigits, 0, 1),
            MinWords = options.Integer("min_words", byDefault.MinWords, 0),
            MaxRemovedWords = options.Number("max_removed_words", byDefault.MaxRemovedWords, 0, 1),
        });
    }

    private static NemoHeuristics MakeNemoHeuristics(StepOptions options)
    {
        var byDefault = new NemoHeuristicsOptions();
        return new NemoHeuristics(new NemoHeuristicsOptions
        {
            MaxNonAlphanumeric = options.NumberOrOff("max_non_alphanumeric", byDefault.MaxNonAlphanumeric, 0, 1),
            MaxDigits = options.NumberOrOff("max_digits", byDefault.MaxDigits, 0, 1),
            MaxUrlCharacters = options.NumberOrOff("max_url_characters", byDefault.MaxUrlCharacters, 0, 1),
            MaxWhiteSpace = options.NumberOrOff("max_white_space", byDefault.MaxWhiteSpace, 0, 1),
            MaxParentheses = options.NumberOrOff("max_parentheses", byDefault.MaxParentheses, 0, 1),
            MaxWordLength = options.NumberOrOff("max_word_length", byDefault.MaxWordLength, 1),
            MaxBoilerplateParagraphs = options.NumberOrOff("max_boilerplate_paragraphs", byDefault.MaxBoilerplateParagraphs, 0, 1),
            MaxLinesWithoutEndMark = options.NumberOrOff("max_lines_without_end_mark", byDefault.MaxLinesWithoutEndMark, 0, 1),
        });
    }

    private static UrlBlockList MakeUrlBlockList(StepOptions options) => new(new UrlBlockLists
    {
        Domains = WordList.Read(options.Files("domains")),
        Hosts = WordList.Read(options.Files("hosts")),
        Urls = WordList.Read(options.Files("urls")),
        Words = WordList.Read(options.Files("words")),
        SoftWords = WordList.Read(options.Files("soft_words")),
        SubWords = WordList.Read(options.Files("sub_words")),
        SoftWordsToBlock = options.Integer("soft_words_to_block", 2, 1),
        DropWithoutUrl = options.Flag("drop_without_url", false),
    });

    private static BadWords MakeBadWords(StepOptions options) => new(new BadWordsOptions
    {
        Words = BadWordsOptions.Read(options.Files("files")),
        DefaultLanguage = options.Text("default_language", "en"),
        KeepFraction = options.Number("keep_fraction", 0, 0, 1),
    });

    private static RepeatedLines MakeRepeatedLines(StepOptions options)
    {
        var byDefault = new RepeatedLinesOptions();
        return new RepeatedLines(new RepeatedLinesOptions
        {
            MinLineLength = (int?)options.NumberOrOff("min_line_length", byDefault.MinLineLength, 1, int.MaxValue),
            MinParagraphLength = (int?)options.NumberOrOff("min_paragraph_length", byDefault.MinParagraphLength, 1, int.MaxValue),
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
