//! What is said of a call from outside.

use crate::named_enum;

named_enum! {
    /// How the caller reaches the agent. Video is a property of a web call, not a channel.
    #[derive(Default)]
    pub enum Channel: "channel" {
        /// A browser with a microphone.
        #[default]
        Web = "web",
        /// A telephone line (SIP).
        Phone = "phone",
        /// Typed messages on `lk.chat`.
        Text = "text",
    }
}

named_enum! {
    /// How a call ended. Where several apply the first wins: emergency, transferred, the last write
    /// (booked, rescheduled, cancelled), waitlisted, message, answered, abandoned.
    pub enum CallOutcome: "call outcome" {
        /// An appointment was booked.
        Booked = "booked",
        /// An appointment was moved.
        Rescheduled = "rescheduled",
        /// An appointment was cancelled.
        Cancelled = "cancelled",
        /// A question was answered and nothing was written.
        Answered = "answered",
        /// Handed to a person, or a callback was noted.
        Transferred = "transferred",
        /// A red flag was raised.
        Emergency = "emergency",
        /// The caller was put on the waiting list.
        Waitlisted = "waitlisted",
        /// A message for the staff was taken.
        Message = "message",
        /// The caller left with nothing done.
        Abandoned = "abandoned",
    }
}

named_enum! {
    /// Why a person is to take over, or to call back.
    pub enum TransferReason: "reason of a transfer" {
        /// The caller asked for a person.
        Asked = "asked",
        /// The caller was not understood.
        Misunderstood = "misunderstood",
        /// The caller could not be identified.
        NotIdentified = "not_identified",
        /// An emergency was heard.
        Emergency = "emergency",
        /// Something of ours failed.
        Failed = "failed",
    }
}

named_enum! {
    /// What a message for the staff is about.
    pub enum MessageSubject: "subject of a message" {
        /// Results of a test or an examination.
        Results = "results",
        /// A prescription or its refill.
        Refill = "refill",
        /// A note for work or school.
        SickNote = "sick_note",
        /// A referral to somebody else.
        Referral = "referral",
        /// A bill.
        Bill = "bill",
        /// A complaint.
        Complaint = "complaint",
        /// The patient comes late.
        Late = "late",
        /// A doctor in person is wanted.
        Doctor = "doctor",
        /// Other details of the patient: insurance, address, telephone.
        Details = "details",
        /// Records of the patient.
        Records = "records",
        /// A pharmacy calls.
        Pharmacy = "pharmacy",
        /// A hospital, a laboratory or another practice calls.
        Hospital = "hospital",
        /// An insurer calls.
        Insurer = "insurer",
        /// Anything else.
        Other = "other",
    }
}
