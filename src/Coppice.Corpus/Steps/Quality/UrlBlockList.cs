using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Quality;

/// <summary>The lists of <see cref="UrlBlockList"/>, all in lower case. Nothing is blocked that is in none of them.</summary>
public sealed record UrlBlockLists
{
    /// <summary>Domains: they and all their subdomains are blocked.</summary>
    public IReadOnlySet<string> Domains { get; init; } = new HashSet<string>();

    /// <summary>Hosts: blocked by their full name.</summary>
    public IReadOnlySet<string> Hosts { get; init; } = new HashSet<string>();

    /// <summary>Addresses: blocked as a whole, with or without scheme and final slash.</summary>
    public IReadOnlySet<string> Urls { get; init; } = new HashSet<string>();

    /// <summary>Words of which one as a whole token of the address blocks it.</summary>
    public IReadOnlySet<string> Words { get; init; } = new HashSet<string>();

    /// <summary>Words of which several as whole tokens block it.</summary>
    public IReadOnlySet<string> SoftWords { get; init; } = new HashSet<string>();

    /// <summary>Words that block it wherever they stand, also inside others.</summary>
    public IReadOnlySet<string> SubWords { get; init; } = new HashSet<string>();

    /// <summary>How many soft words block an address.</summary>
    public int SoftWordsToBlock { get; init; } = 2;

    /// <summary>Whether documents without an address are dropped.</summary>
    public bool DropWithoutUrl { get; init; }
}

/// <summary>
/// Drops documents by their address, in datatrove's order: domain, host, address, a banned word as a whole token, soft words, a banned word anywhere in the address without its
/// signs. The lists are the user's.
/// </summary>
/// <remarks>
/// Addresses are lower-cased first (datatrove compares them as they are with lists in lower case). A domain blocks what is under it, so that no list of public suffixes is
/// needed. Tokens are divided by anything but ASCII letters and digits.
/// </remarks>
/// <param name="lists">The lists.</param>
[Technique("url-block-list", Title = "The RefinedWeb Dataset for Falcon LLM: Outperforming Curated Corpora with Web Data, and Web Data Only", Paper = "arXiv:2306.01116")]
public sealed class UrlBlockList(UrlBlockLists lists) : IDocumentStep
{
    private readonly SearchValues<string>? _subWords = lists.SubWords.Count == 0 ? null : SearchValues.Create([.. lists.SubWords.Select(WithoutSigns)], StringComparison.Ordinal);
    private readonly HashSet<string> _urls = [.. lists.Urls.Select(Bare)];

    /// <inheritdoc/>
    public string Name => "url-block-list";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin() => document =>
        document.Url is not { Length: > 0 } url
            ? lists.DropWithoutUrl ? StepResult.Drop("no address") : StepResult.Keep(document)
            : Judge(url.ToLowerInvariant()) is { } reason ? StepResult.Drop(reason) : StepResult.Keep(document);

    private string? Judge(string url)
    {
        var host = HostOf(url);
        if (HasBlockedDomain(host)) return "blocked domain";
        if (lists.Hosts.Count > 0 && lists.Hosts.Contains(host.ToString())) return "blocked host";
        if (_urls.Contains(Bare(url))) return "blocked address";
        var (words, softWords) = CountWords(url);
        if (words > 0) return "blocked word in the address";
        if (softWords >= lists.SoftWordsToBlock) return "several soft words in the address";
        return _subWords is not null && WithoutSigns(url).AsSpan().ContainsAny(_subWords) ? "blocked part of a word in the address" : null;
    }

    private bool HasBlockedDomain(ReadOnlySpan<char> host)
    {
        if (lists.Domains.Count == 0) return false;
        while (!host.IsEmpty)
        {
            if (lists.Domains.Contains(host.ToString())) return true;
            var dot = host.IndexOf('.');
            if (dot < 0) return false;
            host = host[(dot + 1)..];
        }

        return false;
    }

    private (int Words, int SoftWords) CountWords(string url)
    {
        var words = 0;
        var softWords = 0;
        if (lists.Words.Count + lists.SoftWords.Count == 0) return (0, 0);
        for (var i = 0; i < url.Length; i++)
        {
            var start = i;
            while (i < url.Length && char.IsAsciiLetterOrDigit(url[i])) i++;
            if (i == start) continue;
            var token = url[start..i];
            if (lists.Words.Contains(token)) words++;
            if (lists.SoftWords.Contains(token)) softWords++;
        }

        return (words, softWords);
    }

    private static ReadOnlySpan<char> HostOf(string url)
    {
        var rest = url.AsSpan();
        var scheme = rest.IndexOf("://");
        if (scheme >= 0) rest = rest[(scheme + 3)..];
        var end = rest.IndexOfAny('/', '?', '#');
        if (end >= 0) rest = rest[..end];
        rest = rest[(rest.LastIndexOf('@') + 1)..];
        var port = rest.IndexOf(':');
        return (port < 0 ? rest : rest[..port]).TrimEnd('.');
    }

    private static string Bare(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        return (scheme < 0 ? url : url[(scheme + 3)..]).TrimEnd('/');
    }

    private static string WithoutSigns(string text) => string.Concat(text.Where(char.IsLetterOrDigit));
}
