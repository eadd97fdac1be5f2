using System.Collections.Frozen;

namespace Coppice.Corpus.Extraction;

/// <summary>
/// The commonest function words of some languages: running text is a third made of them, menus and lists of titles hardly at all (the observation behind jusText).
/// </summary>
internal static class StopWords
{
    private static readonly string[] Lists =
    [
        // English
        "the of and to in a is that for it as was with be by on not he i this are or his from at which but have an had they you were their one all we can her has there been if more "
            + "when will would who so no out up into than them about its some could time what only other do my your our she him me how over after also then may these any just like",
        // German
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über "
            + "einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde wenn ihr wir ich kann gegen vom können schon ihre seine dann unter wieder diese hier was uns",
        // French
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec son aux ou cette mais comme on tout nous sa fait été aussi leur bien "
            + "peut ces y deux vous même ont elle si être sans leurs encore je avait entre après très ses dont lui où c d l qu n s j",
        // Spanish
        "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien "
            + "desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro fue ha es son era han",
        // Italian
        "di e il la che in a per un del è una non sono della i con si da le dei al come più ma anche o nel alla gli ha lo delle su questo dal ed se ci quando dalla nella tra degli "
            + "cui essere ai suo sua stato loro chi ancora già molto questa fra dopo solo",
        // Portuguese
        "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo pela até "
            + "isso ela entre era depois sem mesmo aos ter seus quem nas me esse eles você",
        // Dutch
        "de van het een en in is dat op te zijn met voor die niet aan er om ook als dan maar bij of uit nog naar heeft ze hij door over wordt was wel ik kan meer worden tot hun deze "
            + "geen we je dit werd al moet zo hebben wat onder na tegen omdat veel u haar",
        // Polish
        "w i na z do się nie że jest o to jak a po od za co przez dla są tym oraz ale tak już czy był tego jego być może jednak ich tylko które który która było przed pod ze także więc "
            + "nawet bardzo lub można tej jej jeszcze by gdy ma",
        // Czech and Slovak
        "a v se na je že s z o do i to za by ve pro k ale jako si po tak od jsou jsem ze už jen který která které bylo byl když při jeho nebo až také tím podle před mezi sa so ako pre aj",
        // Russian and Ukrainian
        "и в не на что с по как это он к но из за то все от для о так же у бы его было был мы они она ее или если когда только при уже до который также во со быть есть я вы их та і що "
            + "з до та як це від",
        // Swedish, Danish and Norwegian
        "och att det som en på är av för med den till inte har de ett om var men jag så från kan vi när eller nu under efter man hade också sin og er til av på det at en i for ikke med som "
            + "han den de fra var et har der om vil men",
        // Finnish, Hungarian
        "ja on ei että se oli hän mutta ovat kun myös ole joka sekä niin kuin tai a az és hogy nem is egy volt ez csak de meg már el ha még mint vagy ki",
        // Turkish, Indonesian
        "bir ve bu da için de ile çok daha olarak gibi en kadar sonra ne yang dan di untuk dengan dari pada ini itu dalam tidak akan ke juga adalah oleh",
        // Greek, Romanian, Hebrew, Arabic
        "και το να του η της με που την από για είναι τα ο στο σε și în de a la cu care pe nu este din un o că pentru mai את של על לא הוא זה עם גם כי في من على أن إلى عن مع هذا التي الذي",
    ];

    private static readonly FrozenDictionary<string, int> Languages = Lists
        .SelectMany((list, language) => list.Split(' ').Distinct().Select(word => (word, language)))
        .GroupBy(pair => pair.word)
        .ToFrozenDictionary(group => group.Key, group => group.Aggregate(0, (bits, pair) => bits | (1 << pair.language)), StringComparer.Ordinal);

    /// <summary>Whether the page is in a language that has a list, or one close to it: one list finds enough to go by.</summary>
    /// <param name="blocks">The blocks of a page.</param>
    public static bool Know(IReadOnlyList<PageBlock> blocks)
    {
        const int enoughWords = 20_000;
        const double enoughShare = 0.15;
        Span<int> found = stackalloc int[Lists.Length];
        var words = 0;
        foreach (var block in blocks)
        {
            if (block.Text.Length < 80 || block.LinkDensity > 0.5 || block.Kind == BlockKind.Code) continue;
            words += Count(block.Text, found);
            if (words > enoughWords) break;
        }

        return words > 0 && Most(found) >= enoughShare * words;
    }

    /// <summary>The share of words that are of one list, of the list where it is highest: paragraphs in another language than the page's are text too.</summary>
    public static double Density(string text)
    {
        Span<int> found = stackalloc int[Lists.Length];
        var words = Count(text, found);
        return words == 0 ? 0 : (double)Most(found) / words;
    }

    private static int Most(ReadOnlySpan<int> found)
    {
        var most = 0;
        foreach (var count in found) most = Math.Max(most, count);
        return most;
    }

    // Adds up how many words of the text are of each list.
    private static int Count(string text, Span<int> found)
    {
        var lookup = Languages.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> lower = stackalloc char[LongestWord];
        var words = 0;
        foreach (var word in new WordEnumerator(text))
        {
            words++;
            if (word.Length > LongestWord || !lookup.TryGetValue(lower[..word.ToLowerInvariant(lower)], out var languages)) continue;
            for (var language = 0; language < found.Length; language++) found[language] += (languages >> language) & 1;
        }

        return words;
    }

    private const int LongestWord = 12;

    // Runs of letters.
    private ref struct WordEnumerator(ReadOnlySpan<char> text)
    {
        private ReadOnlySpan<char> _rest = text;

        public ReadOnlySpan<char> Current { get; private set; }

        public readonly WordEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            var start = 0;
            while (start < _rest.Length && !char.IsLetter(_rest[start])) start++;
            var end = start;
            while (end < _rest.Length && char.IsLetter(_rest[end])) end++;
            Current = _rest[start..end];
            _rest = _rest[end..];
            return !Current.IsEmpty;
        }
    }
}
