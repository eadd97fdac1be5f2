using AngleSharp.Dom;

namespace Coppice.Corpus.Extraction;

/// <summary>The names that a page's author gave an element: classes, id, role and item property, as words.</summary>
internal readonly struct ElementNames
{
    private static readonly ElementNames Nothing = new() { Tokens = [] };

    /// <summary>Each class and the id.</summary>
    public required IReadOnlyList<NameToken> Tokens { get; init; }

    /// <summary>The role, in lower case, or empty.</summary>
    public string Role { get; private init; }

    /// <summary>The item property of schema.org, in lower case, or empty.</summary>
    public string ItemProperty { get; private init; }

    public bool Any => Tokens is { Count: > 0 };

    public static ElementNames Of(IElement element)
    {
        if (element.Attributes.Length == 0) return Nothing;
        var tokens = new List<NameToken>();
        Add(tokens, element.GetAttribute("class"), isSection: false);
        Add(tokens, element.GetAttribute("id"), isSection: tokens.Count == 0 || tokens[0].Together == "section");
        return new ElementNames
        {
            Tokens = tokens,
            Role = element.GetAttribute("role")?.ToLowerInvariant() ?? "",
            ItemProperty = element.GetAttribute("itemprop")?.ToLowerInvariant() ?? "",
        };
    }

    private static void Add(List<NameToken> tokens, string? names, bool isSection)
    {
        const int mostTokens = 30;
        const int longestToken = 80;
        if (string.IsNullOrEmpty(names)) return;
        foreach (var range in names.AsSpan().SplitAny(' ', '\t', '\n', '\r', '\f'))
        {
            var token = names.AsSpan()[range];
            if (token.IsEmpty || token.Length > longestToken) continue;
            if (tokens.Count == mostTokens) return;
            tokens.Add(NameToken.Parse(token, isSection));
        }
    }
}

/// <summary>A class or an id: <c>article__mainText</c> is the words article, main and text, together <c>articlemaintext</c>.</summary>
/// <param name="Words">Its words in lower case; what is no letter separates, and so does a capital after a small letter.</param>
/// <param name="Together">The words without what separated them.</param>
/// <param name="IsSlug">Whether it is the id of a section made of its heading, as documentation has them: <c>save-and-share-commands</c>. It says what the section is about, not what it is.</param>
internal readonly record struct NameToken(IReadOnlyList<string> Words, string Together, bool IsSlug)
{
    private const int WordsOfSlug = 4;

    public static NameToken Parse(ReadOnlySpan<char> token, bool isSection)
    {
        var words = new List<string>(4);
        var start = 0;
        for (var index = 0; index <= token.Length; index++)
        {
            var ends = index == token.Length || !char.IsLetter(token[index]);
            var turns = !ends && index > start && char.IsUpper(token[index]) && char.IsLower(token[index - 1]);
            if (!ends && !turns) continue;
            if (index > start) words.Add(token[start..index].ToString().ToLowerInvariant());
            start = ends ? index + 1 : index;
        }

        return new NameToken(words, string.Concat(words), isSection && words.Count >= WordsOfSlug);
    }
}
