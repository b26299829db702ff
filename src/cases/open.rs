//! Opening (案件化): from attributed sightings to cases opened, extended or reopened.
