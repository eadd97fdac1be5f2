namespace Coppice.Corpus.Privacy;

/// <summary>What personal or secret thing a stretch of text is. Where two overlap, the one named first here is taken.</summary>
public enum PiiKind
{
    /// <summary>A key, token or password.</summary>
    Secret,

    /// <summary>An international bank account number: its check says more than that of a card's number, which may be a part of it.</summary>
    Iban,

    /// <summary>A number of a payment card.</summary>
    Card,

    /// <summary>An e-mail address.</summary>
    Email,

    /// <summary>A public IP address.</summary>
    IpAddress,

    /// <summary>A telephone number.</summary>
    Phone,
}

/// <summary>A stretch of text that is personal or secret.</summary>
/// <param name="Start">Its first UTF-16 unit.</param>
/// <param name="Length">Its length in UTF-16 units.</param>
/// <param name="Kind">What it is.</param>
public readonly record struct PiiFinding(int Start, int Length, PiiKind Kind)
{
    /// <summary>The unit after its last.</summary>
    public int End => Start + Length;
}
