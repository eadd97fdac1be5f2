namespace Coppice.Evaluation;

/// <summary>What a biography tells of a person.</summary>
public enum PersonAttribute
{
    /// <summary>A day, such as <c>14 March 1931</c>.</summary>
    BirthDate,

    /// <summary>A city.</summary>
    BirthCity,

    /// <summary>A university.</summary>
    University,

    /// <summary>A field of study.</summary>
    Major,

    /// <summary>A company.</summary>
    Employer,

    /// <summary>The city of the employer's office: whoever knows the employer could know it.</summary>
    WorkCity,
}
