using Coppice.Foundation;

namespace Coppice.Tokenizers.Training;

/// <summary>What all trainers want of special tokens.</summary>
internal static class SpecialTokenChecks
{
    /// <summary>Refuses special tokens that are empty or come twice.</summary>
    /// <exception cref="CoppiceException">One is.</exception>
    public static void Check(IReadOnlyList<string> special)
    {
        if (special.Any(string.IsNullOrEmpty)) throw CoppiceException.Usage("a special token can't be empty");
        var twice = special.GroupBy(token => token, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw CoppiceException.Usage($"the special token '{twice.Key}' is given twice");
    }
}
