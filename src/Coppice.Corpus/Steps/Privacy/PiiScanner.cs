using System.Runtime.InteropServices;

namespace Coppice.Corpus.Privacy;

/// <summary>Runs the detectors over a text.</summary>
/// <param name="kinds">What to look for.</param>
internal sealed class PiiScanner(IReadOnlySet<PiiKind> kinds)
{
    private readonly List<PiiFinding> _findings = [];
    private readonly NumberGroups _groups = new();
    private readonly bool _cards = kinds.Contains(PiiKind.Card);
    private readonly bool _addresses = kinds.Contains(PiiKind.IpAddress);
    private readonly bool _phones = kinds.Contains(PiiKind.Phone);

    /// <summary>The findings in the order of the text, without overlaps; valid until the next text.</summary>
    public ReadOnlySpan<PiiFinding> Scan(ReadOnlySpan<char> text)
    {
        _findings.Clear();
        if (kinds.Contains(PiiKind.Secret)) SecretDetector.Find(text, _findings);
        if (kinds.Contains(PiiKind.Iban)) IbanDetector.Find(text, _findings);
        if (kinds.Contains(PiiKind.Email)) EmailDetector.Find(text, _findings);
        if (_addresses) IpAddressDetector.FindV6(text, _findings);
        if (_cards || _addresses || _phones) FindNumbers(text);
        return WithoutOverlaps();
    }

    private void FindNumbers(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length;)
        {
            var next = text[i..].IndexOfAnyInRange('0', '9');
            if (next < 0) return;
            i = _groups.Read(text, i + next);
            for (var group = 0; group < _groups.Count;) group += FindAt(text, group);
        }
    }

    private int FindAt(ReadOnlySpan<char> text, int group)
    {
        if (_cards && CardDetector.Match(text, _groups, group) is var card and > 0) return Add(group, card, PiiKind.Card);
        if (_addresses && IpAddressDetector.MatchV4(text, _groups, group) is var address and > 0) return Add(group, address, PiiKind.IpAddress);
        if (!_phones || PhoneDetector.Match(text, _groups, group, out var start, out var end) is not (var phone and > 0)) return 1;
        _findings.Add(new PiiFinding(start, end - start, PiiKind.Phone));
        return phone;
    }

    private int Add(int group, int count, PiiKind kind)
    {
        var start = _groups.Start(group);
        _findings.Add(new PiiFinding(start, _groups.End(group + count - 1) - start, kind));
        return count;
    }

    private ReadOnlySpan<PiiFinding> WithoutOverlaps()
    {
        _findings.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : b.Length.CompareTo(a.Length));
        var kept = 0;
        var findings = CollectionsMarshal.AsSpan(_findings);
        foreach (var finding in findings)
        {
            if (kept == 0 || finding.Start >= findings[kept - 1].End) findings[kept++] = finding;
            else if (finding.Kind < findings[kept - 1].Kind) findings[kept - 1] = finding;
        }

        return findings[..kept];
    }
}
