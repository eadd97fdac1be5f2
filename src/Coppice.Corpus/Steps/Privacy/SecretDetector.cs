using System.Buffers;

namespace Coppice.Corpus.Privacy;

/// <summary>
/// Finds secrets by their form: private keys in PEM, keys and tokens of services with a known beginning (AWS, GitHub, GitLab, Slack, Google, Stripe, OpenAI, Hugging Face,
/// npm, SendGrid), JSON web tokens, passwords in URLs; and what a name such as "api_key" is assigned, where it is as random as a key.
/// </summary>
internal static class SecretDetector
{
    private const int LongestKeyBlock = 20_000;
    private const string KeyEnd = "-----END ";

    // Each beginning, and how many characters of its alphabet must follow.
    private static readonly (string Beginning, int Fewest, string Others)[] Forms =
    [
        ("AKIA", 16, ""), ("ASIA", 16, ""), ("AROA", 16, ""), ("AIDA", 16, ""),
        ("ghp_", 36, ""), ("gho_", 36, ""), ("ghu_", 36, ""), ("ghs_", 36, ""), ("ghr_", 36, ""), ("github_pat_", 22, "_"),
        ("glpat-", 20, "-_"),
        ("xoxb-", 10, "-"), ("xoxp-", 10, "-"), ("xoxa-", 10, "-"), ("xoxr-", 10, "-"), ("xoxs-", 10, "-"), ("xoxe-", 10, "-"), ("xapp-", 10, "-"),
        ("hooks.slack.com/services/", 20, "/"),
        ("AIza", 35, "-_"),
        ("sk_live_", 16, ""), ("sk_test_", 16, ""), ("rk_live_", 16, ""), ("rk_test_", 16, ""),
        ("sk-", 32, "-_"), ("hf_", 30, ""), ("npm_", 36, ""), ("pypi-AgEI", 50, "-_"), ("SG.", 40, "-_."),
    ];

    private static readonly SearchValues<string> Beginnings = SearchValues.Create([.. Forms.Select(form => form.Beginning)], StringComparison.Ordinal);
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly SearchValues<char> AuthorityEnds = SearchValues.Create(" \t\r\n/?#\"'<>");

    public static void Find(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        FindKeyBlocks(text, findings);
        FindForms(text, findings);
        FindWebTokens(text, findings);
        FindUrlPasswords(text, findings);
        SecretAssignments.Find(text, findings);
    }

    private static void FindKeyBlocks(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        const string KeyBegin = "-----BEGIN ";
        for (var i = text.IndexOf(KeyBegin); i >= 0;)
        {
            var end = i + KeyBegin.Length;
            var label = text[end..Math.Min(text.Length, end + 60)];
            var dashes = label.IndexOf("-----");
            if (dashes > 0 && label[..dashes].Contains("PRIVATE KEY", StringComparison.Ordinal))
            {
                var body = text[end..Math.Min(text.Length, end + LongestKeyBlock)];
                var close = body.IndexOf(KeyEnd);
                var last = close < 0 ? -1 : body[(close + KeyEnd.Length)..].IndexOf("-----");
                // Without an end, what follows on the lines of the block is the key as far as it looks like one.
                end = last >= 0 ? end + close + KeyEnd.Length + last + 5 : EndOfBase64(text, end + dashes + 5);
                findings.Add(new PiiFinding(i, end - i, PiiKind.Secret));
            }

            var next = text[end..].IndexOf(KeyBegin);
            if (next < 0) break;
            i = end + next;
        }
    }

    private static int EndOfBase64(ReadOnlySpan<char> text, int start)
    {
        var end = start;
        while (end < text.Length && end - start < LongestKeyBlock && (char.IsAsciiLetterOrDigit(text[end]) || text[end] is '+' or '/' or '=' or '\n' or '\r')) end++;
        while (end > start && text[end - 1] is '\n' or '\r') end--;
        return end;
    }

    private static void FindForms(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOfAny(Beginnings);
            if (next < 0) return;
            i += next;
            var end = 0;
            foreach (var (beginning, fewest, others) in Forms)
            {
                if (!text[i..].StartsWith(beginning, StringComparison.Ordinal)) continue;
                end = i + beginning.Length;
                while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || others.Contains(text[end]))) end++;
                while (others.Length > 0 && !char.IsAsciiLetterOrDigit(text[end - 1]) && end > i + beginning.Length) end--;
                var body = text[(i + beginning.Length)..end];
                var isAws = beginning.StartsWith('A') && fewest == 16;
                var isForm = isAws ? body.Length == fewest && IsCapitals(body) : body.Length >= fewest && Randomness.HasDigitAndLetter(body);
                if (isForm) break;
                end = 0;
            }

            if (end > 0 && !Ascii.IsWordAt(text, i - 1) && Ascii.At(text, i - 1) != '-')
            {
                findings.Add(new PiiFinding(i, end - i, PiiKind.Secret));
                i = end;
            }
            else i++;
        }
    }

    private static void FindWebTokens(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOf("eyJ");
            if (next < 0) return;
            i += next;
            var end = i;
            var parts = 0;
            while (parts < 3)
            {
                var length = text[end..].IndexOfAnyExcept(TokenCharacters);
                if (length < 0) length = text.Length - end;
                if (length < 8) break;
                end += length;
                parts++;
                if (parts == 3 || Ascii.At(text, end) != '.') break;
                end++;
            }

            if (parts == 3 && !Ascii.IsWordAt(text, i - 1)) findings.Add(new PiiFinding(i, end - i, PiiKind.Secret));
            i = Math.Max(end, i + 3);
        }
    }

    /// <summary>The password of <c>scheme://user:password@host</c>.</summary>
    private static void FindUrlPasswords(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        const int Longest = 160;
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOf("://");
            if (next < 0) return;
            i += next + 3;
            var rest = text[i..Math.Min(text.Length, i + Longest)];
            var stop = rest.IndexOfAny(AuthorityEnds);
            var authority = stop < 0 ? rest : rest[..stop];
            var at = authority.LastIndexOf('@');
            var colon = at < 0 ? -1 : authority[..at].IndexOf(':');
            if (colon < 0 || at - colon < 4) continue;
            var password = authority[(colon + 1)..at];
            if (!Randomness.IsPlaceholder(password)) findings.Add(new PiiFinding(i + colon + 1, password.Length, PiiKind.Secret));
        }
    }

    private static bool IsCapitals(ReadOnlySpan<char> text)
    {
        foreach (var unit in text)
        {
            if (!char.IsAsciiLetterUpper(unit) && !char.IsAsciiDigit(unit)) return false;
        }

        return true;
    }
}
