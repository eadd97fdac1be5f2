using System.Globalization;

namespace Coppice.Evaluation;

/// <summary>What names and attributes are made of. All of it is invented: what a model knows of it, it has from the world's documents.</summary>
internal static class WorldValues
{
    /// <summary>How many values an attribute can have.</summary>
    public const int PerAttribute = 40;

    private static readonly string[] FemaleNames = (
        "Ada Agnes Alma Amber Anita Astrid Beate Bella Bianca Carla Celia Clara Dora Edith Elena Elsa Emma Erika Esther Eva Fiona Flora Frida Greta Hanna "
        + "Hazel Helga Ida Ines Irma Iris Jana Joan Judith Karin Laura Lena Lydia Mara Marta Mona Nadia Nora Olga Paula Rita Rosa Sara Vera Wanda").Split(' ');

    private static readonly string[] MaleNames = (
        "Adam Albert Alvin Anton Arno Boris Bruno Carl Cedric Conrad Daniel David Dirk Edgar Emil Erik Felix Frank Fred Georg Gustav Hans Hector Henry Hugo "
        + "Igor Ivan Jacob Jonas Josef Karl Klaus Leo Ludwig Marcel Martin Max Nils Oscar Otto Paul Peter Ralph Robert Simon Stefan Thomas Victor Walter Xaver").Split(' ');

    private static readonly string[] LastNameBeginnings =
        "Ash Bar Black Brook Cald Cray Dun East Fair Gold Green Hart Holm Kirk Lang Mar Nor Oak Pem Rad".Split(' ');

    private static readonly string[] LastNameEndings =
        "berg bourne bridge bury by combe croft dale den field ford gate ham hurst land ley man more ridge ton".Split(' ');

    private static readonly string[] Places =
        "Alder Amber Birch Cedar Copper Coral Eagle Falcon Garnet Heron Ivory Jasper Linden Maple Onyx Opal Pearl Raven Silver Willow".Split(' ');

    private static readonly string[] Majors = (
        "Acoustics Agronomy Anatomy Anthropology Archaeology Architecture Astronomy Biochemistry Biology Botany Cartography Chemistry Criminology Dentistry Ecology "
        + "Economics Engineering Geography Geology History Hydrology Journalism Law Linguistics Literature Logic Mathematics Medicine Meteorology Mineralogy Music Nursing "
        + "Optics Pharmacy Philosophy Physics Psychology Sociology Statistics Theology").Split(' ');

    private static readonly string[] Months = CultureInfo.InvariantCulture.DateTimeFormat.MonthNames[..12];

    /// <summary>How many people can have a name of their own.</summary>
    public static int Names { get; } = (FemaleNames.Length + MaleNames.Length) * LastNameBeginnings.Length * LastNameEndings.Length;

    /// <summary>The values of each attribute, by <see cref="PersonAttribute"/>; <see cref="PerAttribute"/> of each.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> ByAttribute { get; } =
    [
        // 40 days in as many years, all months and no day that a month lacks.
        Listed(i => string.Create(CultureInfo.InvariantCulture, $"{1 + 11 * i % 28} {Months[5 * i % 12]} {1930 + i}")),
        Listed(i => Places[i / 2] + (i % 2 == 0 ? "ville" : " Harbor")),
        Listed(i => i % 2 == 0 ? $"the University of {Places[i / 2]} Hill" : $"{Places[i / 2]} College"),
        Majors,
        Listed(i => $"{Places[i / 2]} {(i % 2 == 0 ? "Industries" : "Airlines")}"),
        Listed(i => Places[i / 2] + (i % 2 == 0 ? " Springs" : " Falls")),
    ];

    /// <summary>A name, and whether it is a woman's.</summary>
    /// <param name="index">Which of <see cref="Names"/>.</param>
    public static (string Name, bool IsFemale) Name(int index)
    {
        var (rest, beginning) = Math.DivRem(index, LastNameBeginnings.Length);
        var (first, ending) = Math.DivRem(rest, LastNameEndings.Length);
        var isFemale = first < FemaleNames.Length;
        var firstName = isFemale ? FemaleNames[first] : MaleNames[first - FemaleNames.Length];
        return ($"{firstName} {LastNameBeginnings[beginning]}{LastNameEndings[ending]}", isFemale);
    }

    private static string[] Listed(Func<int, string> value) => [.. Enumerable.Range(0, PerAttribute).Select(value)];
}
